import { expect, it } from 'vitest';
import type { BackfillPolicy } from '../../../src/domain/backfill.js';
import type { Mode } from '../../../src/domain/states.js';
import { createBackfill } from '../../../src/ledger/backfills.js';
import { recordMessagePage } from '../../../src/ledger/record-messages.js';
import { wantedBackfill } from '../../support/backfills.js';
import { DAY, iso } from '../../support/clock.js';
import { incomingThread } from '../../support/incoming.js';
import { type Deciding, deciding, QUESTION } from './deciding.js';

/** What a backfill brings in is answered only where its policy, its mode and the source all say so. */

const YEAR_OLD = incomingThread('t1', { createdAt: iso(-365 * DAY) });

interface Brought {
  mode: 'record' | 'automate';
  policy: BackfillPolicy | null;
  /** Age of the message by its stamp, days. */
  ageDays: number;
}

/** A message that a backfill finds in a thread of a year ago. */
async function bring(
  { db, clock, list, openReading, messageContext, server, message }: Deciding,
  { mode, policy, ageDays }: Brought,
): Promise<string> {
  await list([YEAR_OLD]);
  const now = clock.now();
  const backfill = await createBackfill(db, wantedBackfill(now, { mode, policy }));
  server.shows({ id: 'm1', text: QUESTION, received_at: iso(-ageDays * DAY) });
  const call = await openReading('t1');
  const answer = await server.client.listMessages({ providerThreadId: 't1', cursor: null });
  const context = { ...(await messageContext('t1')), firstSeenBy: 'backfill' as const };
  await recordMessagePage(db, call, answer, { ...context, backfill: { id: backfill?.id ?? '', mode, policy } });
  return (await message('m1')).id;
}

const policyOf = (replies: BackfillPolicy['replies'], more: Partial<BackfillPolicy> = {}): BackfillPolicy => ({
  maxAgeDays: 60,
  replies,
  answerYoungerThanDays: replies === 'answer' ? 7 : null,
  ...more,
});

it('in record mode it ends at once, whatever the source may do', async () => {
  const one = await deciding();
  await bring(one, { mode: 'record', policy: null, ageDays: 0.01 });
  expect(await one.message('m1')).toMatchObject({ state: 'ended', reason: 'recorded_by_backfill' });
});

it.each<[string, Brought, string]>([
  ['older than the age limit', { mode: 'automate', policy: policyOf('answer'), ageDays: 61 }, 'recorded_by_backfill'],
  ['with replies never', { mode: 'automate', policy: policyOf('never'), ageDays: 1 }, 'found_by_backfill'],
  [
    'older than what may be answered',
    { mode: 'automate', policy: policyOf('answer'), ageDays: 8 },
    'found_by_backfill',
  ],
  [
    'as old as its thread, by a stamp that cannot be true',
    { mode: 'automate', policy: policyOf('answer'), ageDays: 20_000 },
    'recorded_by_backfill',
  ],
  [
    'stamped in the future',
    { mode: 'automate', policy: policyOf('answer', { maxAgeDays: 400 }), ageDays: -900 },
    'found_by_backfill',
  ],
])('%s it is not answered', async (_what, brought, reason) => {
  const one = await deciding();
  const id = await bring(one, brought);
  if ((await one.message('m1')).state !== 'ended') await one.carryOn(id);
  expect(await one.message('m1')).toMatchObject({ state: 'ended', reason });
  expect(one.server.posts).toEqual([]);
});

it('young enough, under a policy that answers and in a source that does, it is answered', async () => {
  const one = await deciding();
  const id = await bring(one, { mode: 'automate', policy: policyOf('answer'), ageDays: 3 });
  await one.carryOn(id);
  expect(one.server.posts).toHaveLength(1);
});

it('with drafts a person is asked, and what was approved leaves once', async () => {
  const one = await deciding();
  const id = await bring(one, { mode: 'automate', policy: policyOf('draft'), ageDays: 3 });
  expect(await one.carryOn(id)).toMatchObject({ kind: 'wait', for: 'approval' });
  expect(one.server.posts).toEqual([]);
  await one.steps.settleApproval({ messageId: id, draftVersion: 1, verdict: 'approved', actor: 'operator' });
  await one.carryOn(id);
  expect(one.server.posts).toHaveLength(1);
});

it.each<Mode>(['observe', 'shadow'])('no policy widens a source in %s', async (mode) => {
  const one = await deciding({ binding: { mode } });
  const id = await bring(one, {
    mode: 'automate',
    policy: policyOf('answer', { answerYoungerThanDays: 3_650 }),
    ageDays: 1,
  });
  if ((await one.message('m1')).state !== 'ended') await one.carryOn(id);
  expect(one.server.posts).toEqual([]);
});

it('in shadow what is left to a person opens no case', async () => {
  const one = await deciding({ binding: { mode: 'shadow' } });
  const id = await bring(one, { mode: 'automate', policy: policyOf('never'), ageDays: 1 });
  await one.carryOn(id);
  expect(await one.message('m1')).toMatchObject({ disposition: 'ignored', reason: 'shadowed', caseId: null });
  expect(await one.count('case')).toBe(0);
});

it('no policy answers what was written before the source answers', async () => {
  const one = await deciding({ binding: { answerFrom: new Date(iso(-DAY)) } });
  const id = await bring(one, { mode: 'automate', policy: policyOf('answer'), ageDays: 3 });
  if ((await one.message('m1')).state !== 'ended') await one.carryOn(id);
  expect(await one.message('m1')).toMatchObject({ state: 'ended', reason: 'before_answer_from' });
  expect(one.server.posts).toEqual([]);
});
