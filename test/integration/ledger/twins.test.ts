import { describe, expect, it } from 'vitest';
import { incomingMessage, incomingThread, outgoingMessage } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';
import { assertTrail } from '../../support/trail.js';

const MESSAGE_ID = '<same@example.com>';
const twin = (id: string, more: Parameters<typeof incomingMessage>[1] = {}) =>
  incomingMessage(id, { messageIdHeader: MESSAGE_ID, text: 'Where is my parcel?', ...more });

/** Two sources of one mailbox group and one of another, all answering from long ago, each with threads t1 and t2. */
async function ledgerWithSources(): Promise<TestLedger> {
  const ledger = await testLedger();
  const live = { firstMode: 'live', answerFrom: new Date('2026-01-01T00:00:00Z') } as const;
  for (const name of ['dashboard', 'second', 'elsewhere']) {
    await ledger.bind({ name, ...live, mailboxGroup: name === 'elsewhere' ? 'other' : 'main' });
    await ledger.list([incomingThread('t1'), incomingThread('t2')], { source: name });
  }
  return ledger;
}

describe('the same Message-ID with the same content', () => {
  it('in two threads is carried once: the second ends at record time and names the first', async () => {
    const ledger = await ledgerWithSources();
    await ledger.read('t1', [twin('m1')]);
    expect(await ledger.read('t2', [twin('m2', { providerThreadId: 't2' })])).toMatchObject({ stored: 1, open: 0 });
    const first = await ledger.message('m1');
    const second = await ledger.message('m2');
    expect(first.state).toBe('recorded');
    expect(second).toMatchObject({ disposition: 'duplicate_of', reason: 'twin', other: first.id });
    await assertTrail(ledger.db, second.id, ['recorded', 'ended duplicate_of (twin)']);
  });

  it('on one page is carried once', async () => {
    const ledger = await ledgerWithSources();
    expect(await ledger.read('t1', [twin('m1'), twin('m2')])).toMatchObject({ stored: 2, open: 1 });
    const both = [await ledger.message('m1'), await ledger.message('m2')];
    expect(both.map((one) => one.state).sort()).toEqual(['ended', 'recorded']);
  });

  it('through two sources of one mailbox group is carried once, through another group again', async () => {
    const ledger = await ledgerWithSources();
    await ledger.read('t1', [twin('m1')]);
    await ledger.read('t1', [twin('m1')], { source: 'second' });
    await ledger.read('t1', [twin('m1')], { source: 'elsewhere' });
    const first = await ledger.message('m1');
    expect(await ledger.message('m1', 'second')).toMatchObject({ disposition: 'duplicate_of', other: first.id });
    expect((await ledger.message('m1', 'elsewhere')).state).toBe('recorded');
  });

  it('recorded at once in two threads is carried once', async () => {
    const ledger = await ledgerWithSources();
    await Promise.all([ledger.read('t1', [twin('m1')]), ledger.read('t2', [twin('m2')])]);
    const both = [await ledger.message('m1'), await ledger.message('m2')];
    expect(both.map((one) => one.state).sort()).toEqual(['ended', 'recorded']);
    const ended = both.find((one) => one.state === 'ended');
    expect(ended?.other).toBe(both.find((one) => one.state === 'recorded')?.id);
  });
});

describe('what is no twin', () => {
  it('the same Message-ID with another content, sender or attachment is another message', async () => {
    const ledger = await ledgerWithSources();
    const file = { providerAttachmentId: 'a1', name: 'invoice.pdf', contentType: null, size: 10 };
    const others = [
      twin('m2', { text: 'Please cancel.' }),
      twin('m3', { from: { kind: 'email', value: 'another@example.com', name: null } }),
      twin('m4', { attachments: [file] }),
    ];
    expect(await ledger.read('t1', [twin('m1'), ...others])).toMatchObject({ stored: 4, open: 4 });
  });

  it('without a Message-ID nothing is merged, however alike it is', async () => {
    const ledger = await ledgerWithSources();
    const plain = { messageIdHeader: null };
    expect(await ledger.read('t1', [twin('m1', plain), twin('m2', plain)])).toMatchObject({ stored: 2, open: 2 });
  });

  it('an outbound copy of an inbound message takes nothing away from it', async () => {
    const ledger = await ledgerWithSources();
    await ledger.read('t1', [outgoingMessage('m1', { messageIdHeader: MESSAGE_ID, text: 'Where is my parcel?' })]);
    await ledger.read('t2', [twin('m2')]);
    expect((await ledger.message('m2')).state).toBe('recorded');
  });
});
