import { describe, expect, it } from 'vitest';
import { claimMessage, holdMessage } from '../../../src/ledger/hold-messages.js';
import {
  endMessage,
  escalateMessage,
  readMessage,
  releaseTurn,
  takeDispatchable,
  takeTurn,
  waitMessage,
} from '../../../src/ledger/lifecycles.js';
import { claimAnswer } from '../../../src/ledger/outbox.js';
import { HOUR, MINUTE } from '../../support/clock.js';
import { incomingMessage, incomingThread } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';
import { assertTrail } from '../../support/trail.js';

const IDS = ['m1', 'm2', 'm3', 'm4', 'm5'];

/** A live source with five open messages in one thread. */
async function ledgerWithOpen(): Promise<TestLedger> {
  const ledger = await testLedger();
  await ledger.bind({ firstMode: 'live', answerFrom: new Date(0) });
  await ledger.list([incomingThread('t1')]);
  await ledger.read(
    't1',
    IDS.map((id) => incomingMessage(id)),
  );
  return ledger;
}

describe('taking a message up', () => {
  it('by one run twice gives the same carry and one event; by another run the next carry', async () => {
    const ledger = await ledgerWithOpen();
    expect((await ledger.carry('m1', 'run a')).carry).toBe(1);
    expect((await ledger.carry('m1', 'run a')).carry).toBe(1);
    expect((await ledger.carry('m1', 'run b')).carry).toBe(2);
    await assertTrail(ledger.db, (await ledger.message('m1')).id, ['recorded', 'carried', 'carried']);
  });

  it('by two runs at once gives two different carries', async () => {
    const ledger = await ledgerWithOpen();
    const both = await Promise.all([ledger.carry('m1', 'run a'), ledger.carry('m1', 'run b')]);
    expect(both.map((one) => one.carry).sort((a, b) => a - b)).toEqual([1, 2]);
  });

  it('is refused once it has ended', async () => {
    const ledger = await ledgerWithOpen();
    const { db, clock } = ledger;
    const { id, carry } = await ledger.carry('m1');
    const ending = { messageId: id, carry, disposition: 'ignored', reason: 'bulk_mail', now: clock.now() } as const;
    expect(await endMessage(db, ending)).toBe(true);
    expect(await db.transaction((tx) => claimMessage(tx, id, 'run b', clock.now()))).toBeNull();
    expect(await endMessage(db, ending)).toBe(false);
  });

  it('leaves a step of the older carry without effect', async () => {
    const ledger = await ledgerWithOpen();
    const { db, clock } = ledger;
    const old = await ledger.carry('m1', 'run a');
    await ledger.carry('m1', 'run b');
    expect(await db.transaction((tx) => holdMessage(tx, old.id, old.carry))).toBeNull();
    expect(await db.transaction((tx) => escalateMessage(tx, old, 'unknown_intent', clock.now()))).toBe(false);
    expect((await ledger.message('m1')).state).toBe('carried');
  });
});

describe('the turn in a thread', () => {
  it('goes to exactly one of five that ask at once', async () => {
    const ledger = await ledgerWithOpen();
    const { db, clock } = ledger;
    const carried = await Promise.all(IDS.map((id) => ledger.carry(id)));
    const turns = await Promise.all(carried.map((one) => db.transaction((tx) => takeTurn(tx, one, clock.now()))));
    expect(turns.filter(Boolean)).toHaveLength(1);
    const holder = carried[turns.indexOf(true)];
    if (!holder) throw new Error('one holds the turn');
    expect(await takeTurn(db, holder, clock.now())).toBe(true);
  });

  it('is never taken over because of time, only when its holder gave it back or has ended', async () => {
    const ledger = await ledgerWithOpen();
    const { db, clock } = ledger;
    const [first, second] = [await ledger.carry('m1'), await ledger.carry('m2')];
    expect(await takeTurn(db, first, clock.now())).toBe(true);
    clock.advance(1_000 * HOUR);
    expect(await takeTurn(db, second, clock.now())).toBe(false);
    await releaseTurn(db, first.id);
    expect(await takeTurn(db, second, clock.now())).toBe(true);
    expect(await takeTurn(db, first, clock.now())).toBe(false);
    await db.transaction((tx) => escalateMessage(tx, second, 'unknown_intent', clock.now()));
    expect(await ledger.count('thread_turn')).toBe(0);
    expect(await takeTurn(db, first, clock.now())).toBe(true);
  });

  it('of a holder that ended without giving it back is taken over', async () => {
    const ledger = await ledgerWithOpen();
    const { db, clock } = ledger;
    const [first, second] = [await ledger.carry('m1'), await ledger.carry('m2')];
    await takeTurn(db, first, clock.now());
    await db.$executeRaw`
      UPDATE message SET state = 'parked', reason = 'decision_failed' WHERE id = ${first.id}::uuid`;
    expect(await takeTurn(db, second, clock.now())).toBe(true);
  });
});

describe('the claim on an answer', () => {
  it('of a twin group goes to one of two that ask at once, and stays with it', async () => {
    const ledger = await ledgerWithOpen();
    const { db, clock } = ledger;
    const [first, second] = [await ledger.carry('m1'), await ledger.carry('m2')];
    const twin = { ...second, twinGroupId: first.twinGroupId };
    const claims = await Promise.all(
      [first, twin].map((one) => db.transaction((tx) => claimAnswer(tx, one, clock.now()))),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await Promise.all([first, twin].map((one) => claimAnswer(db, one, clock.now())))).toEqual(claims);
  });
});

describe('cases', () => {
  it('two messages of a thread that are escalated at once share one open case', async () => {
    const ledger = await ledgerWithOpen();
    const { db, clock } = ledger;
    const both = [await ledger.carry('m1'), await ledger.carry('m2')];
    await Promise.all(
      both.map(({ id, carry }) =>
        db.transaction(async (tx) => {
          const held = await holdMessage(tx, id, carry);
          if (held) await escalateMessage(tx, held.message, 'unknown_intent', clock.now());
        }),
      ),
    );
    expect(await ledger.count('case')).toBe(1);
    expect((await ledger.message('m1')).caseId).toBe((await ledger.message('m2')).caseId);
  });
});

describe('dispatch', () => {
  const take = ({ db, clock }: TestLedger, limit = 10) => {
    const before = (ms: number) => new Date(clock.now().getTime() - ms);
    const limits = { recordedBefore: before(MINUTE), carriedBefore: before(5 * MINUTE), waitingBefore: before(HOUR) };
    return takeDispatchable(db, { now: clock.now(), ...limits, limit });
  };

  it('offers every open message once, also to two dispatchers at once', async () => {
    const ledger = await ledgerWithOpen();
    const both = await Promise.all([take(ledger, 3), take(ledger, 3)]);
    const offered = both.flat().map((one) => one.id);
    expect(new Set(offered).size).toBe(offered.length);
    offered.push(...(await take(ledger)).map((one) => one.id));
    expect(new Set(offered).size).toBe(5);
    expect(await take(ledger)).toEqual([]);
  });

  it('offers again what nobody took up, sooner than what is carried, and that sooner than what waits', async () => {
    const ledger = await ledgerWithOpen();
    await take(ledger);
    const recorded = await ledger.message('m1');
    const carried = await ledger.carry('m2');
    const waiting = await ledger.carry('m3');
    for (const id of ['m4', 'm5']) {
      const other = await ledger.carry(id);
      await ledger.db.transaction((tx) => escalateMessage(tx, other, 'unknown_intent', ledger.clock.now()));
    }
    await waitMessage(ledger.db, waiting, 'settle', ledger.clock.now(), ledger.clock.now());
    const offered = async () => (await take(ledger)).map((one) => one.id);
    expect(await offered()).toEqual([]);
    ledger.clock.advance(MINUTE + 1);
    expect(await offered()).toEqual([recorded.id]);
    ledger.clock.advance(4 * MINUTE);
    expect(await offered()).toEqual(expect.arrayContaining([recorded.id, carried.id]));
    ledger.clock.advance(55 * MINUTE);
    expect(await offered()).toEqual(expect.arrayContaining([recorded.id, carried.id, waiting.id]));
  });

  it('never offers what has ended', async () => {
    const ledger = await ledgerWithOpen();
    const { db, clock } = ledger;
    const ended = await ledger.carry('m1');
    await db.transaction((tx) => escalateMessage(tx, ended, 'unknown_intent', clock.now()));
    clock.advance(1_000 * HOUR);
    expect((await take(ledger)).map((one) => one.id)).not.toContain(ended.id);
    expect((await readMessage(db, ended.id)).disposition).toBe('escalated');
  });
});
