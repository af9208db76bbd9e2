import type { LookDeps } from '../../../src/delivery/look.js';
import { sendReply } from '../../../src/delivery/send-reply.js';
import type { Timing } from '../../../src/domain/timing.js';
import { only } from '../../../src/ledger/database.js';
import { takeTurn } from '../../../src/ledger/lifecycles.js';
import { claimAnswer, type OutboxRow, readReply } from '../../../src/ledger/outbox.js';
import { recordMessagePage } from '../../../src/ledger/record-messages.js';
import { HOUR, iso } from '../../support/clock.js';
import { incomingThread } from '../../support/incoming.js';
import { testLedger } from '../../support/ledger.js';
import { prepareReply } from '../../support/prepare-reply.js';
import { replyServer } from '../../support/reply-server.js';
import { assertTrail } from '../../support/trail.js';

export const TEXT = 'Your parcel is on its way.';
/** What every trail here begins with. */
export const PREPARED = ['recorded', 'carried', 'reply_prepared'];

/**
 * A live source with one message of a customer in thread t1, written an hour ago, read, decided, and its reply in the outbox: the
 * state in which the activity that sends begins.
 */
export async function preparedReply(timing: Partial<Timing> = {}) {
  const ledger = await testLedger(timing);
  const { db, clock } = ledger;
  const server = await replyServer(clock);
  const deps: LookDeps = {
    db,
    clock,
    timing: ledger.timing,
    clientOf: () => server.client,
    adapterVersionOf: () => 'test/1',
  };
  await ledger.bind({ origin: server.url, mode: 'live', answerFrom: new Date(0) });
  await ledger.list([incomingThread('t1')]);
  server.shows({ id: 'm1', received_at: iso(-HOUR) });

  /** Reads the thread as a visit does. */
  async function visit(): Promise<void> {
    const call = await ledger.openReading('t1');
    const answer = await server.client.listMessages({ providerThreadId: 't1', cursor: null });
    await recordMessagePage(db, call, answer, await ledger.messageContext('t1'));
  }
  await visit();

  /** Takes a message up and writes its reply, as the steps before the sending do. */
  async function prepare(providerMessageId: string) {
    const message = await ledger.carry(providerMessageId);
    await db.transaction(async (tx) => {
      if (!(await takeTurn(tx, message, clock.now()))) throw new Error('the turn is taken');
      if (!(await claimAnswer(tx, message, clock.now()))) throw new Error('the answer is claimed');
      await prepareReply(tx, message, 'delivery_status', TEXT, clock.now());
    });
    return message;
  }
  const message = await prepare('m1');
  let attempts = 0;
  return {
    db,
    clock,
    timing: ledger.timing,
    ledger,
    server,
    deps,
    message,
    visit,
    prepare,
    /** One attempt of the activity; a millisecond passes before it, so that events and failures stand in order. */
    send: () => {
      clock.advance(1);
      return sendReply(deps, { messageId: message.id, carry: message.carry, attempt: ++attempts });
    },
    reply: async (): Promise<OutboxRow> =>
      only(
        [await readReply(db, message.id)].flatMap((row) => row ?? []),
        'reply',
      ),
    ending: () => ledger.message('m1'),
    assertTrail: (expected: string[]) => assertTrail(db, message.id, [...PREPARED, ...expected]),
  };
}

/** Calls whose row was never closed, although nothing is under way. */
export async function openCalls({ db }: Pick<LookDeps, 'db'>): Promise<number> {
  const rows = await db.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS count FROM provider_call WHERE finished_at IS NULL`;
  return only(rows, 'count').count;
}
