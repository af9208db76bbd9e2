import { expect, it } from 'vitest';
import { checkBalance } from '../../../src/assurance/balance.js';
import { judgeClaims } from '../../../src/assurance/probes/judge-claims.js';
import { askForMail, awaitMail } from '../../../src/assurance/probes/manual-mail.js';
import { readStatus } from '../../../src/assurance/status.js';
import {
  CANARY_HEADER,
  canaryMark,
  noteCanaryBack,
  noteCanarySent,
  openCanary,
  readCanary,
} from '../../../src/ledger/canaries.js';
import { claimVerdict } from '../../support/claim-verdict.js';
import { HOUR, iso, MINUTE, START } from '../../support/clock.js';
import { incomingMessage, incomingThread } from '../../support/incoming.js';
import { testLedger } from '../../support/ledger.js';

const SOURCE = 'dashboard';

async function ledgerWithCanary() {
  const ledger = await testLedger();
  const { bind, list, clock, db } = ledger;
  await bind({ firstMode: 'live', mode: 'live', answerFrom: new Date(0) });
  await list([incomingThread('t1')]);
  const dueAt = new Date(START.getTime() + 30 * MINUTE);
  const canary = await openCanary(db, { source: SOURCE, purpose: 'canary', originAt: START, dueAt }, clock.now());
  await noteCanarySent(db, canary.id, { providerThreadId: 't1', providerMessageId: 'm1' }, clock.now());
  return { ...ledger, canary };
}

it('a canary ends by itself, counts apart from all mail, and the books balance', async () => {
  const { read, message, canary, clock, db } = await ledgerWithCanary();
  clock.advance(MINUTE);
  const headers = { [CANARY_HEADER]: canaryMark(canary.token) };
  await read('t1', [incomingMessage('m1', { headers }), incomingMessage('m2')]);
  expect(await message('m1')).toMatchObject({ state: 'ended', disposition: 'ignored', reason: 'canary', carry: 0 });
  expect(await message('m2')).toMatchObject({ state: 'recorded' });
  const { messageId, cameAt, sentAt } = await readCanary(db, canary.id);
  expect(messageId).toBe((await message('m1')).id);
  expect((cameAt?.getTime() ?? 0) - (sentAt?.getTime() ?? 0)).toBe(MINUTE);
  expect(await readStatus(db, clock.now())).toMatchObject({
    stored: 2,
    canaries: 1,
    inbound: 1,
    ended: {},
    inFlight: 1,
  });
  expect((await checkBalance(db)).equations.filter((one) => one.left !== one.right || one.residuals > 0)).toEqual([]);
});

it('a token in the subject alone is known, counts once, and one that we did not give means nothing', async () => {
  const { read, message, canary, db } = await ledgerWithCanary();
  const subject = `Waybill measures its way (${canaryMark(canary.token)})`;
  await read('t1', [incomingMessage('m1', { subject })]);
  expect(await message('m1')).toMatchObject({ reason: 'canary' });
  const copied = incomingMessage('m2', { subject: `Re: ${subject}` });
  const invented = incomingMessage('m3', { subject: `Hello ${canaryMark('0'.repeat(32))}` });
  await read('t1', [copied, invented, incomingMessage('m1', { subject })]);
  expect(await message('m2')).toMatchObject({ state: 'recorded' });
  expect(await message('m3')).toMatchObject({ state: 'recorded' });
  const [row] = await db.$queryRaw<{ text: string }[]>`SELECT canary::text AS text FROM canary`;
  expect(row?.text).not.toContain(canary.token);
});

it('a canary that has not come back in its time raises one alarm', async () => {
  const { clock, timing, db } = await ledgerWithCanary();
  const alarms = () => db.$queryRaw<{ kind: string }[]>`SELECT kind FROM alarm`;
  clock.advance(29 * MINUTE);
  await judgeClaims({ db, clock, timing }, SOURCE);
  expect(await alarms()).toEqual([]);
  clock.advance(2 * MINUTE);
  await judgeClaims({ db, clock, timing }, SOURCE);
  await judgeClaims({ db, clock, timing }, SOURCE);
  expect(await alarms()).toEqual([{ kind: 'canary_overdue' }]);
});

it('without a sender a person is told the exact mail, and its late Date header shows what received_at is', async () => {
  const { read, clock, timing, db } = await ledgerWithCanary();
  const asked = await askForMail(db, SOURCE, clock.now(), timing);
  const header = (name: string) => asked.headers.find(([known]) => known === name)?.[1] ?? '';
  expect(header('to')).toBe('help');
  const mail = {
    subject: header('subject'),
    headers: { date: new Date(iso(-3 * HOUR)).toUTCString() },
    originAt: iso(-3 * HOUR),
  };
  const came = awaitMail(db, asked.canaryId, clock, async () => {
    clock.advance(MINUTE);
    await read('t1', [incomingMessage('m9', mail)]);
    return true;
  });
  expect(await came).toEqual({ delayMs: MINUTE });
  await judgeClaims({ db, clock, timing }, SOURCE);
  expect(await claimVerdict(db, SOURCE, 'received_at_is_receipt')).toBe('refuted');
  const never = await askForMail(db, SOURCE, clock.now(), timing);
  expect(await awaitMail(db, never.canaryId, clock, async () => Promise.resolve(false))).toBeNull();
});

it('a canary that comes back says nothing of one that is still out', async () => {
  const { clock, timing, db } = await ledgerWithCanary();
  const state = async () => (await db.$queryRaw<{ state: string }[]>`SELECT state FROM alarm`)[0]?.state;
  clock.advance(31 * MINUTE);
  await judgeClaims({ db, clock, timing }, SOURCE);
  const back = () => noteCanaryBack(db, SOURCE, clock.now(), new Date(clock.now().getTime() - timing.probeScanMs));
  await back();
  expect(await state()).toBe('open');
  clock.advance(timing.probeScanMs);
  await back();
  expect(await state()).toBe('quenched');
});
