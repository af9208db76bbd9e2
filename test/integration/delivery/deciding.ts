import type { ActivityDeps } from '../../../src/activities/deps.js';
import { createLifecycleSteps } from '../../../src/activities/lifecycle-steps.js';
import { ruleClassifier } from '../../../src/classify/rules.js';
import type { LookDeps } from '../../../src/delivery/look.js';
import { sendReply } from '../../../src/delivery/send-reply.js';
import type { Form } from '../../../src/domain/forms.js';
import type { DecideResult, SendResult } from '../../../src/domain/step-results.js';
import type { Timing } from '../../../src/domain/timing.js';
import { takeMoved, type WokenMessage } from '../../../src/ledger/moved-waits.js';
import { recordPlaybookSet } from '../../../src/ledger/playbook-versions.js';
import { recordMessagePage } from '../../../src/ledger/record-messages.js';
import type { SourceBinding } from '../../../src/ledger/sources.js';
import type { Chooser } from '../../../src/playbooks/chooser.js';
import { createLogger } from '../../../src/telemetry/logger.js';
import { HOUR, iso } from '../../support/clock.js';
import { incomingThread } from '../../support/incoming.js';
import { testLedger } from '../../support/ledger.js';
import { starterChooser, starterSet } from '../../support/playbooks.js';
import { replyServer, type ServedMessage } from '../../support/reply-server.js';
import { trailOf } from '../../support/trail.js';

export interface DecidingOptions {
  timing?: Partial<Timing>;
  binding?: Partial<SourceBinding>;
  playbooks?: Chooser;
  forms?: Form[];
}

export const QUESTION = 'Where is my parcel? It has not arrived.';

/** A small dashboard, its ledger, and the steps of a lifecycle one at a time, as their workflow would ask for them. */
export async function deciding({
  timing: given = {},
  binding = {},
  playbooks = starterChooser(),
  forms = [],
}: DecidingOptions = {}) {
  const ledger = await testLedger(given);
  const { db, clock, timing } = ledger;
  const server = await replyServer(clock);
  const look: LookDeps = { db, clock, timing, clientOf: () => server.client, adapterVersionOf: () => 'test/1' };
  const quiet = createLogger({ subsystem: 'lifecycle', level: 'silent' });
  const steps = createLifecycleSteps({
    ...look,
    classifier: ruleClassifier,
    playbooks,
    forms,
    ownAddresses: new Set(['help@example.org']),
    log: { intake: quiet, lifecycle: quiet, delivery: quiet, provider: quiet },
  } as unknown as ActivityDeps);
  const bind = (more: Partial<SourceBinding> = {}) => ledger.bind({ origin: server.url, ...more });
  await bind({ mode: 'live', answerFrom: new Date(0), ...binding });
  await recordPlaybookSet(db, starterSet(), clock.now());

  /** Reads a thread as a visit does. */
  async function visit(threadId = 't1'): Promise<void> {
    const call = await ledger.openReading(threadId);
    const answer = await server.client.listMessages({ providerThreadId: threadId, cursor: null });
    await recordMessagePage(db, call, answer, await ledger.messageContext(threadId));
  }

  /** A message of a customer, an hour old unless said otherwise, written and read. */
  async function arrives(id: string, more: Partial<ServedMessage> = {}): Promise<string> {
    const threadId = more.thread_id ?? 't1';
    const known = await db.$queryRaw<unknown[]>`SELECT 1 FROM thread WHERE provider_thread_id = ${threadId}`;
    if (known.length === 0) await ledger.list([incomingThread(threadId)]);
    server.shows({ id, text: QUESTION, received_at: iso(-HOUR), ...more });
    await visit(threadId);
    return (await ledger.message(id)).id;
  }

  /** What dispatch would wake now, taken as dispatch takes it. */
  const take = (limit: number): Promise<WokenMessage[]> => {
    const now = clock.now();
    return takeMoved(db, { limit, now, againBefore: new Date(now.getTime() - timing.redispatchRecordedMs) });
  };

  const carries = new Map<string, number>();

  /** Takes a message up and finds out what it asks for; by another run where its lifecycle was lost. */
  async function takeUp(messageId: string, runId = messageId): Promise<void> {
    const taken = await steps.takeUp({ messageId, runId, bodyWaits: 0 });
    if (taken.kind !== 'go') return;
    carries.set(messageId, taken.carry);
    await steps.understand({ messageId, carry: taken.carry });
  }

  const carryOf = (messageId: string): number => carries.get(messageId) ?? 1;

  /** One decision; what has to be understood anew is. */
  async function decide(messageId: string): Promise<DecideResult> {
    clock.advance(1);
    const held = { messageId, carry: carryOf(messageId) };
    const decided = await steps.decide({ ...held, turnWaits: 0 });
    if (decided.kind !== 'understand') return decided;
    await steps.understand(held);
    return decide(messageId);
  }

  let attempts = 0;
  const send = (messageId: string): Promise<SendResult> => {
    clock.advance(1);
    return sendReply(look, { messageId, carry: carryOf(messageId), attempt: ++attempts });
  };

  /** From taking up to the first wait or the ending, as the workflow goes. */
  async function carryOn(messageId: string): Promise<DecideResult | SendResult> {
    if (!carries.has(messageId)) await takeUp(messageId);
    for (;;) {
      const decided = await decide(messageId);
      if (decided.kind !== 'reply') return decided;
      const sent = await send(messageId);
      if (sent.kind !== 'again') return sent;
    }
  }

  return {
    ...ledger,
    look,
    bind,
    server,
    steps,
    visit,
    arrives,
    takeUp,
    decide,
    send,
    carryOn,
    takeMoved: take,
    trail: (messageId: string) => trailOf(db, messageId),
    /** Words that stand under `evidence` of its ending. */
    evidence: async (messageId: string): Promise<string | undefined> => {
      const [row] = await db.$queryRaw<{ evidence: string }[]>`
        SELECT detail ->> 'evidence' AS evidence FROM lifecycle_event WHERE message_id = ${messageId}::uuid AND kind = 'ended'
        ORDER BY seq DESC LIMIT 1`;
      return row?.evidence;
    },
  };
}

export type Deciding = Awaited<ReturnType<typeof deciding>>;
