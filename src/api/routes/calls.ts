import { z } from 'zod';
import { CALL_STATES, CALL_WITNESSES, PHONE_STATUSES } from '../../domain/calls.js';
import { ESCALATE_REASONS } from '../../domain/reasons.js';
import { findCall, listCalls } from '../../ledger/call-desk.js';
import { Next, OwnId, PAGE_QUERY, toPage, wordsOf } from '../page.js';
import type { ApiApp, ApiParts } from '../parts.js';
import { problem, refusals } from '../problems.js';

const Status = wordsOf(PHONE_STATUSES);
const Witness = wordsOf(CALL_WITNESSES);

const KnownCall = z
  .object({
    id: z.uuid(),
    messageId: z.uuid(),
    source: z.string().describe('of the message that asked for it'),
    provider: z.string(),
    shownAs: z.string().describe('too little of the number to dial it'),
    state: wordsOf(CALL_STATES),
    attempt: z.int(),
    status: Status.nullable().describe('what the provider said last of the newest attempt'),
    reason: wordsOf(ESCALATE_REASONS).nullable(),
    requestedAt: z.date(),
    slotAt: z.date(),
    windowEnd: z.date().describe('no call is begun at or after it'),
    endedAt: z.date().nullable(),
  })
  .meta({ id: 'Call' });

const CallAttempt = z
  .object({
    attempt: z.int(),
    placingAt: z.date(),
    acceptedAt: z.date().nullable(),
    sid: z.string().nullable().describe("the provider's id; null where none is known"),
    firstSeenBy: Witness.nullable(),
    status: Status.nullable(),
    reports: z.array(z.object({ at: z.date(), status: Status, via: Witness, sequence: z.int().nullable() })),
  })
  .meta({ id: 'CallAttempt' });

/** Telephone calls that messages asked for, without their numbers. */
export function addCallRoutes(app: ApiApp, { db }: ApiParts): void {
  app.get(
    '/calls',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'Calls that messages asked for, the newest first',
        querystring: z.strictObject({
          state: wordsOf(CALL_STATES).optional(),
          open: z.enum(['true', 'false']).default('false').describe('only those that have no end yet'),
          source: z.string().max(60).optional(),
          ...PAGE_QUERY,
        }),
        response: { 200: z.object({ calls: z.array(KnownCall), next: Next }) },
      },
    },
    async ({ query: { open, limit, ...wanted } }) => {
      const found = await listCalls(db, { ...wanted, onlyOpen: open === 'true', limit: limit + 1 });
      const { rows, next } = toPage(found, limit);
      return { calls: rows, next };
    },
  );
  app.get(
    '/calls/:id',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'One call with its attempts and what was told of each',
        params: z.object({ id: OwnId.describe('our id of the call, or of its message') }),
        response: { 200: z.object({ call: KnownCall, attempts: z.array(CallAttempt) }), ...refusals(404) },
      },
    },
    async ({ params: { id } }, reply) => {
      const found = await findCall(db, id);
      if (!found) return reply.code(404).send(problem('not_found', 'There is no such call.'));
      const { attempts, ...call } = found;
      return reply.code(200).send({ call, attempts });
    },
  );
}
