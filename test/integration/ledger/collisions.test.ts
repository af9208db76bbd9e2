import { describe, expect, it } from 'vitest';
import { checkBalance } from '../../../src/assurance/balance.js';
import { MINUTE } from '../../support/clock.js';
import { incomingMessage, incomingThread } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';
import { assertTrail } from '../../support/trail.js';

const other = (id: string) =>
  incomingMessage(id, { messageIdHeader: '<another-mail@example.com>', text: 'Please cancel my order.' });

async function ledgerWithMessage(): Promise<TestLedger> {
  const ledger = await testLedger();
  await ledger.bind({ firstMode: 'live', answerFrom: new Date(0) });
  await ledger.list([incomingThread('t1'), incomingThread('t2')]);
  await ledger.read('t1', [incomingMessage('m1')]);
  return ledger;
}
const parks = ({ db }: TestLedger) =>
  db.$queryRaw<{ item: string; reason: string; state: string; raw: string }[]>`
    SELECT item, reason, state, raw FROM park ORDER BY parked_at, item`;
const versions = async ({ db }: TestLedger) =>
  (await db.$queryRaw<{ text: string }[]>`SELECT text FROM message_body ORDER BY message_id, version`).map(
    (b) => b.text,
  );

describe('an id that the provider gives to a second message', () => {
  it('is never taken for an edit: the second is parked as it came, the first keeps its words [loss case 26]', async () => {
    const ledger = await ledgerWithMessage();
    expect(await ledger.read('t1', [other('m1')])).toMatchObject({ rows: 1, known: 0, stored: 0, parked: 1 });
    expect(await versions(ledger)).toEqual(['Where is my parcel? (m1)']);
    expect(await parks(ledger)).toMatchObject([
      { item: expect.stringMatching(/^m1#[0-9a-f]{64}$/), reason: 'id_collision', state: 'parked' },
    ]);
    expect(JSON.parse((await parks(ledger))[0]?.raw ?? '')).toMatchObject({ text: 'Please cancel my order.' });
    await assertTrail(ledger.db, (await ledger.message('m1')).id, ['recorded', 'collided']);
    expect(await ledger.db.$queryRaw`SELECT kind, subject, raises FROM alarm`).toEqual([
      { kind: 'id_collision', subject: 'm1', raises: 1 },
    ]);
    expect(await checkBalance(ledger.db)).toMatchObject({ balanced: true });
  });

  it('in another thread does not move the first there', async () => {
    const ledger = await ledgerWithMessage();
    await ledger.read('t2', [other('m1')]);
    expect((await ledger.message('m1')).threadId).toBe(await ledger.threadId('t1'));
    expect(await ledger.count('message_move')).toBe(0);
  });

  it('is told once however often it is shown, and a park that a person resolved stays resolved', async () => {
    const ledger = await ledgerWithMessage();
    await ledger.read('t1', [other('m1')]);
    await ledger.db.$executeRaw`UPDATE park SET state = 'resolved', resolved_at = ${ledger.clock.now()}`;
    ledger.clock.advance(MINUTE);
    await ledger.read('t1', [other('m1'), incomingMessage('m2')]);
    expect(await parks(ledger)).toMatchObject([{ state: 'resolved' }]);
    expect(await ledger.db.$queryRaw`SELECT raises FROM alarm`).toEqual([{ raises: 1 }]);
    const { id } = await ledger.message('m1');
    expect(
      await ledger.db.$queryRaw`SELECT 1 FROM lifecycle_event WHERE message_id = ${id}::uuid AND kind = 'collided'`,
    ).toHaveLength(1);
  });

  it('on one page leaves the first stored and the second parked, and the books balance', async () => {
    const ledger = await ledgerWithMessage();
    expect(await ledger.read('t2', [incomingMessage('m2'), other('m2')])).toMatchObject({
      stored: 1,
      parked: 1,
      known: 0,
    });
    await assertTrail(ledger.db, (await ledger.message('m2')).id, ['recorded', 'collided']);
    expect(await checkBalance(ledger.db)).toMatchObject({ balanced: true });
  });
});
