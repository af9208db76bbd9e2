import { z } from 'zod';
import { type Balance, checkBalance } from '../../assurance/balance.js';
import { findMessages, traceMessage } from '../../assurance/trace.js';
import { readDecision } from '../../ledger/decisions.js';
import { OwnId } from '../page.js';
import type { ApiApp, ApiParts } from '../parts.js';
import { problem, refusals } from '../problems.js';

/** Where a message is and how it got there. What a provider calls it is left out: such an id may hold an address. */
const KnownMessage = z
  .object({
    id: z.uuid(),
    source: z.string(),
    threadId: z.uuid(),
    direction: z.string(),
    originAt: z.date().nullable().describe('claimed by the sender'),
    receivedAt: z.date().nullable().describe('verified receipt at the provider'),
    firstSeenAt: z.date(),
    firstSeenBy: z.string(),
    route: z.string().nullable(),
    state: z.string(),
    waitingKind: z.string().nullable(),
    waitingUntil: z.date().nullable(),
    disposition: z.string().nullable(),
    reason: z.string().nullable(),
    otherMessageId: z.uuid().nullable(),
    caseId: z.uuid().nullable(),
    carryCount: z.int(),
  })
  .meta({ id: 'Message' });

const KnownDecision = z
  .object({
    label: z.string(),
    confidence: z.number(),
    classifier: z.string().describe('which one, with its version'),
    playbook: z.string().nullable(),
    playbookVersion: z.string().nullable(),
    action: z.string().nullable(),
    mode: z.string().nullable(),
    tags: z.array(z.string()),
  })
  .meta({ id: 'Decision' });

const KnownEvent = z
  .object({ at: z.date(), kind: z.string(), carry: z.int(), detail: z.record(z.string(), z.unknown()) })
  .meta({ id: 'Event' });

const KnownBalance = z
  .object({
    balanced: z.boolean(),
    equations: z.array(
      z.object({
        name: z.string(),
        claim: z.string(),
        left: z.int(),
        right: z.int(),
        residual: z.array(z.string()).describe('ids that stand on one side only, the first hundred'),
        residuals: z.int(),
      }),
    ),
  })
  .meta({ id: 'Balance' });

/** One message without its content, and the books. */
export function addBookRoutes(app: ApiApp, { db }: ApiParts): void {
  app.get(
    '/messages/:id',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'Where one message is and its way so far, without its content',
        params: z.object({ id: OwnId.describe('our id of it') }),
        response: {
          200: z.object({
            verdict: z.string(),
            sentence: z.string(),
            message: KnownMessage,
            decision: KnownDecision.nullable(),
            events: z.array(KnownEvent),
            workflowId: z.string().nullable(),
          }),
          ...refusals(404),
        },
      },
    },
    async ({ params: { id } }, reply) => {
      const message = (await findMessages(db, id)).find((one) => one.id === id);
      if (!message) return reply.code(404).send(problem('not_found', 'This ledger has no message of that id.'));
      const { verdict, sentence, events, workflowId } = await traceMessage(db, message);
      const decision = await readDecision(db, id);
      return reply.code(200).send({ verdict, sentence, message, decision, events, workflowId });
    },
  );

  let running: Promise<Balance> | null = null;
  app.get(
    '/balance',
    {
      // It reads the whole ledger, and its residual ids may be those of a provider.
      config: { role: 'operator' },
      schema: { summary: 'Do the books balance, and if not, which ids', response: { 200: KnownBalance } },
    },
    () => {
      // One look at a time: who asks meanwhile gets what it finds.
      running ??= checkBalance(db).finally(() => {
        running = null;
      });
      return running;
    },
  );
}
