import { z } from 'zod';
import { shadowReport } from '../../assurance/shadow-report.js';
import type { Clock } from '../../domain/clock.js';
import { ROUTES, type Route } from '../../domain/states.js';
import type { Database } from '../../ledger/database.js';
import { readStops, resumeSending, stopSending } from '../../ledger/sending-stops.js';
import type { ApiApp } from '../parts.js';

const Scope = {
  source: z.string().min(1).max(60).nullable().default(null),
  route: z
    .enum(Object.keys(ROUTES) as [Route, ...Route[]])
    .nullable()
    .default(null),
  playbook: z.string().min(1).max(100).nullable().default(null),
};
const Stop = z.object({
  id: z.uuid(),
  source: z.string().nullable(),
  route: z.string().nullable(),
  playbook: z.string().nullable(),
  stoppedAt: z.date(),
  stoppedBy: z.string(),
  note: z.string().nullable(),
});
const Share = z.object({ share: z.number(), lower: z.number(), upper: z.number() });
const Pair = z.object({
  messageId: z.uuid(),
  draftVersion: z.int(),
  sentMessageId: z.uuid(),
  alike: z.number(),
  agreement: z.enum(['same', 'edited', 'other']),
});

/** What may leave: stops of sending, and what shadow shows before anything does. */
export function addSendingRoutes(app: ApiApp, { db, clock }: { db: Database; clock: Clock }): void {
  app.get(
    '/sending/stops',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'What is stopped, and how many messages each stop holds',
        response: { 200: z.object({ stops: z.array(Stop.extend({ held: z.int() })) }) },
      },
    },
    async () => ({ stops: await readStops(db) }),
  );
  app.post(
    '/sending/stops',
    {
      config: { role: 'operator' },
      schema: {
        summary: 'Hold replies, calls and hand-offs of a scope on all workers within two seconds; null is every one',
        body: z.strictObject({ ...Scope, note: z.string().max(2_000).nullable().default(null) }),
        response: { 200: z.object({ stop: Stop, isNew: z.boolean() }) },
      },
    },
    async (request) => stopSending(db, { ...request.body, actor: request.actor.name, now: clock.now() }),
  );
  app.post(
    '/sending/resume',
    {
      config: { role: 'operator' },
      schema: {
        summary: 'Lift the stop of exactly this scope, or every one; what it held goes on, oldest first',
        body: z.strictObject({ ...Scope, all: z.boolean().default(false) }),
        response: { 200: z.object({ lifted: z.array(Stop) }) },
      },
    },
    async (request) => ({
      lifted: await resumeSending(db, { ...request.body, actor: request.actor.name, now: clock.now() }),
    }),
  );
  app.get(
    '/shadow',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'What would have been sent in shadow, beside what people then sent, per playbook',
        querystring: z.strictObject({
          source: z.string().max(60).optional(),
          since: z.iso.datetime({ offset: true }).optional(),
        }),
        response: {
          200: z.object({
            since: z.date().nullable(),
            playbooks: z.array(
              z.object({
                playbook: z.string(),
                drafts: z.int(),
                matched: z.int(),
                same: z.int(),
                edited: z.int(),
                other: z.int(),
                agreement: Share.nullable(),
                meanAlike: z.number().nullable(),
                examples: z.array(Pair),
              }),
            ),
            decided: z.array(z.object({ playbook: z.string().nullable(), action: z.string(), messages: z.int() })),
          }),
        },
      },
    },
    async ({ query: { source = null, since } }) =>
      shadowReport(db, { source, since: since === undefined ? null : new Date(since) }),
  );
}
