import { z } from 'zod';
import { type ChangePlace, listChanges } from '../../ledger/changes.js';
import type { ApiApp, ApiParts } from '../parts.js';

/** Where a page ended, as text that goes through a URL. */
const PLACE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const placeOf = ({ at, id }: ChangePlace): string => `${at.toISOString()}_${id}`;

const Place = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(PLACE.exec(text)?.[1] ?? '')), 'must be `next` of another answer')
  .transform((text): ChangePlace => {
    const [, at = '', id = ''] = PLACE.exec(text) ?? [];
    return { at: new Date(at), id };
  });

const KnownChange = z
  .object({
    id: z.uuid(),
    at: z.date(),
    actor: z.string().describe('as in docs/glossary.md: a token, a command, or the configuration'),
    action: z.string().describe('verb and object, as mode.set'),
    subject: z.string(),
    detail: z.record(z.string(), z.unknown()).describe('names, numbers and instants; never content'),
  })
  .meta({ id: 'Change' });

/** Who changed what. */
export function addChangeRoutes(app: ApiApp, { db }: ApiParts): void {
  app.get(
    '/changes',
    {
      config: { role: 'admin' },
      schema: {
        summary: 'Who changed what and when, the newest first',
        querystring: z.strictObject({
          since: z.iso
            .datetime({ offset: true })
            .transform((text) => new Date(text))
            .optional(),
          before: Place.optional().describe('`next` of another answer'),
          limit: z.coerce.number().int().min(1).max(500).default(100),
        }),
        response: {
          200: z.object({
            changes: z.array(KnownChange),
            next: z.string().nullable().describe('what to pass as `before` for older ones; null where there is none'),
          }),
        },
      },
    },
    async ({ query: { since, before, limit } }) => {
      const found = await listChanges(db, { since: since ?? null, before: before ?? null, limit: limit + 1 });
      const changes = found.slice(0, limit);
      const last = changes.at(-1);
      return { changes, next: last && found.length > limit ? placeOf(last) : null };
    },
  );
}
