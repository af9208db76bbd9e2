import { describe, expect, it } from 'vitest';
import { channelMisses } from '../../../src/assurance/audit/channels.js';
import { frameInWords } from '../../../src/assurance/audit/words.js';
import type { Pointer } from '../../../src/domain/audit/figures.js';
import { askWitnesses, capturesOf, watchFrame } from '../../../src/ledger/frame-witnesses.js';
import { noteReferences } from '../../../src/ledger/references.js';
import { DAY, HOUR, iso, MINUTE } from '../../support/clock.js';
import { eventually } from '../../support/eventually.js';
import { incomingMessage, incomingThread, outgoingMessage } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';

async function prepared() {
  const ledger = await testLedger();
  await ledger.bind();
  await ledger.list([incomingThread('t1'), incomingThread('t2')]);
  const question = () => ({ source: 'dashboard', now: ledger.clock.now(), timing: ledger.timing });
  // A transaction of another test on the same server holds the readers of events back for a moment.
  const note = () =>
    eventually('every event is read', async () => {
      while ((await noteReferences(ledger.db, 3, ledger.clock.now())).events > 0);
      const [row] = await ledger.db.$queryRaw<{ isDone: boolean }[]>`
        SELECT (SELECT max(seq) FROM lifecycle_event) IS NOT DISTINCT FROM NULLIF((SELECT max(seq) FROM event_mark), 0) AS "isDone"`;
      return row?.isDone;
    });
  const pointerOf = async (witness: string): Promise<Pointer | undefined> => {
    await note();
    return (await askWitnesses(ledger.db, question(), [])).pointers.find((one) => one.witness === witness);
  };
  const watch = async () => {
    await note();
    return watchFrame(ledger.db, question());
  };
  return { ...ledger, note, pointerOf, watch };
}

/** A message by one of us, with the Message-ID that our dashboard gives. */
const sent = (id: string, more: object = {}) => {
  const messageIdHeader = `<${id}@dashboard.example.org>`;
  return outgoingMessage(id, { headers: { 'message-id': messageIdHeader }, messageIdHeader, ...more });
};
const answerTo = (id: string, to: string) => incomingMessage(id, { headers: { 'in-reply-to': to } });

const dueIn = async ({ db, clock }: TestLedger, providerThreadId: string): Promise<number> => {
  const [row] = await db.$queryRaw<{ dueAt: Date }[]>`
    SELECT due_at AS "dueAt" FROM thread_due d JOIN thread t ON t.id = d.thread_id WHERE provider_thread_id = ${providerThreadId}`;
  return (row?.dueAt.getTime() ?? Number.NaN) - clock.now().getTime();
};

describe('Message-IDs that point at nothing we hold', () => {
  it('are a hole after a day, with an alarm that names who points, until what they name is here [loss case 37]', async () => {
    const ledger = await prepared();
    await ledger.read('t1', [answerTo('m2', '<gone@dashboard.example.org>'), sent('m1')]);
    expect(await ledger.pointerOf('references')).toMatchObject({ checked: 1, holes: 0 });
    expect(await dueIn(ledger, 't1')).toBe(0); // looked for at once
    ledger.clock.advance(2 * DAY);
    const { id } = await ledger.message('m2');
    expect(await ledger.watch()).toEqual({ holes: 1 });
    expect(await ledger.pointerOf('references')).toMatchObject({ holes: 1, closed: 0, ids: [id] });
    const alarms = () => ledger.db.$queryRaw`SELECT kind, subject, state, evidence FROM alarm`;
    expect(await alarms()).toMatchObject([
      { kind: 'frame_hole', subject: 'references', state: 'open', evidence: { holes: 1, messageIds: [id] } },
    ]);
    await ledger.read('t2', [sent('gone')]);
    expect(await ledger.watch()).toEqual({ holes: 0 });
    expect(await alarms()).toMatchObject([{ state: 'quenched' }]);
    expect(await ledger.pointerOf('references')).toMatchObject({ holes: 0, closed: 1 });
  });

  it('are none where a customer answers a mail of another system', async () => {
    const ledger = await prepared();
    await ledger.read('t1', [answerTo('m2', '<order@shop.example.net>'), sent('m1')]);
    await ledger.note();
    ledger.clock.advance(2 * DAY);
    expect(await ledger.watch()).toEqual({ holes: 0 });
    expect(await ledger.pointerOf('references')).toBeUndefined();
  });

  it('are none where one of us answers a customer who had answered another system', async () => {
    const ledger = await prepared();
    const headers = {
      'message-id': '<m1@dashboard.example.org>',
      'in-reply-to': '<m2@customer.example.net>',
      references: '<order@shop.example.net> <m2@customer.example.net>',
    };
    const m2 = incomingMessage('m2', { headers: { 'message-id': '<m2@customer.example.net>' } });
    await ledger.read('t1', [sent('m1', { headers }), m2]);
    await ledger.note();
    ledger.clock.advance(2 * DAY);
    expect(await ledger.watch()).toEqual({ holes: 0 });
  });

  it('are a hole wherever they point, where one of us wrote that answer [loss case 2]', async () => {
    const ledger = await prepared();
    const headers = { 'message-id': '<m1@dashboard.example.org>', 'in-reply-to': '<question@customer.example.net>' };
    await ledger.read('t1', [sent('m1', { headers })]);
    await ledger.note();
    ledger.clock.advance(2 * DAY);
    expect(await ledger.watch()).toEqual({ holes: 1 });
  });

  it('are resolved whichever of the two is recorded first', async () => {
    const ledger = await prepared();
    await ledger.read('t1', [answerTo('m2', '<m1@dashboard.example.org>')]);
    await ledger.note();
    ledger.clock.advance(MINUTE);
    await ledger.read('t1', [
      answerTo('m3', '<m1@dashboard.example.org>'),
      sent('m1'),
      answerTo('m2', '<m1@dashboard.example.org>'),
    ]);
    ledger.clock.advance(2 * DAY);
    expect(await ledger.pointerOf('references')).toMatchObject({ checked: 2, holes: 0 });
  });

  it('never enter the ledger as words: hashes alone', async () => {
    const ledger = await prepared();
    await ledger.read('t1', [answerTo('m2', '<secret@customer.example.net>'), sent('m1')]);
    await ledger.note();
    const rows = await ledger.db.$queryRaw<object[]>`SELECT * FROM message_reference`;
    expect(rows).toHaveLength(2);
    expect(JSON.stringify(rows)).not.toMatch(/secret|example/);
  });
});

describe('a webhook', () => {
  const hint = ({ db, clock }: TestLedger, providerThreadId: string) => db.$executeRaw`
    INSERT INTO hint (source, webhook_id, provider_thread_id, thread_id, received_at, state, look_at)
    SELECT source, ${`hint of ${providerThreadId}`}, provider_thread_id, id, ${clock.now()}, 'open', ${clock.now()}
    FROM thread WHERE provider_thread_id = ${providerThreadId}`;

  it('bounds the frame by the threads that it named and no listing did, once these have had their turn [loss case 37]', async () => {
    const ledger = await prepared();
    const ids = Array.from({ length: 20 }, (_, index) => `h${index}`);
    await ledger.list(ids.map((id) => incomingThread(id)));
    await ledger.db.$executeRaw`
      UPDATE thread SET first_listed_at = CASE WHEN provider_thread_id IN ('h3', 'h7') THEN NULL ELSE first_seen_at END`;
    for (const id of ids) await hint(ledger, id);
    const question = () => ({ source: 'dashboard', now: ledger.clock.now(), timing: ledger.timing });
    expect(await capturesOf(ledger.db, question())).toEqual([]);
    ledger.clock.advance(2 * DAY);
    const captures = await capturesOf(ledger.db, question());
    expect(captures).toEqual([{ witness: 'webhook', named: 20, listed: 18, listings: 20 }]);
    const frame = await askWitnesses(ledger.db, question(), captures);
    expect(frame).toMatchObject({ state: 'bounded', captures: [{ witness: 'webhook', threads: 22 }] });
    expect(frameInWords(frame)).toBe(
      'threads never listed: at most 32 % (95 %) by webhook, which named 20 and 18 of them were listed',
    );
  });

  it('missed what came while it sent hints and had none', async () => {
    const ledger = await prepared();
    await ledger.read('t1', [incomingMessage('o1')]);
    await ledger.read('t2', [incomingMessage('o2')]);
    await hint(ledger, 't1');
    ledger.clock.advance(HOUR);
    await ledger.read('t1', [incomingMessage('m1'), incomingMessage('o1')]);
    await ledger.read('t2', [incomingMessage('m2'), incomingMessage('o2')]);
    ledger.clock.advance(HOUR);
    await ledger.db.$executeRaw`UPDATE hint SET webhook_id = 'older'`;
    await hint(ledger, 't1');
    const webhook = async () =>
      (await channelMisses(ledger.db, 'dashboard', ledger.clock.now())).find((one) => one.channel === 'webhook');
    expect(await webhook()).toMatchObject({ first: 0, chances: 2, missed: 1 });
    // One that went silent misses what comes after its last hint as well.
    ledger.clock.advance(2 * DAY);
    await ledger.read('t2', [incomingMessage('m3'), incomingMessage('m2'), incomingMessage('o2')]);
    ledger.clock.advance(2 * HOUR);
    expect(await webhook()).toMatchObject({ chances: 3, missed: 2 });
  });
});

describe('other witnesses', () => {
  it('replies of people that answer nothing we hold are counted', async () => {
    const ledger = await prepared();
    const reply = (id: string, offset: number) => outgoingMessage(id, { subject: 'Re: Parcel', originAt: iso(offset) });
    await ledger.read('t1', [reply('r1', -HOUR), incomingMessage('m1', { originAt: iso(-2 * HOUR) })]);
    await ledger.read('t2', [reply('r2', -HOUR)]);
    const { id } = await ledger.message('r2');
    expect(await ledger.pointerOf('person_replies')).toMatchObject({ checked: 2, holes: 1, ids: [id] });
  });

  it('gaps in numbered ids are counted only where nearly every number is there', async () => {
    const ledger = await prepared();
    expect(await ledger.pointerOf('neighbouring_ids')).toBeUndefined();
    await ledger.db.$executeRaw`DELETE FROM thread`;
    const numbers = Array.from({ length: 80 }, (_, index) => 1_000 + index).filter((one) => one % 40 !== 7);
    await ledger.list(numbers.map((one) => incomingThread(String(one))));
    expect(await ledger.pointerOf('neighbouring_ids')).toMatchObject({ checked: 80, holes: 2, ids: ['1047', '1007'] });
    await ledger.list([incomingThread('9000')]);
    expect(await ledger.pointerOf('neighbouring_ids')).toBeUndefined();
  });

  it('a thread that only a later listing showed is a hole, closed since', async () => {
    const ledger = await prepared();
    expect(await ledger.pointerOf('relistings')).toMatchObject({ checked: 2, holes: 0, closed: 0 });
    ledger.clock.advance(HOUR);
    await ledger.list([incomingThread('t1'), incomingThread('t2'), incomingThread('t3')]);
    expect(await ledger.pointerOf('relistings')).toMatchObject({ checked: 3, holes: 0, closed: 1 });
  });

  it('none of them lifts the figure from unknown', async () => {
    const ledger = await prepared();
    await ledger.note();
    const frame = await askWitnesses(
      ledger.db,
      { source: 'dashboard', now: ledger.clock.now(), timing: ledger.timing },
      [],
    );
    expect(frame.state).toBe('unknown');
  });
});
