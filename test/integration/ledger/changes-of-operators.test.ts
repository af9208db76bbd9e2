import { expect, it } from 'vitest';
import { listChanges } from '../../../src/ledger/changes.js';
import { setMode } from '../../../src/ledger/mode-settings.js';
import { listParks, resolvePark, retryParks } from '../../../src/ledger/park-book.js';
import { resumeSource } from '../../../src/ledger/stopped-sources.js';
import { DAY, MINUTE } from '../../support/clock.js';
import { incomingThread, unreadableRow } from '../../support/incoming.js';
import { testLedger } from '../../support/ledger.js';

const BY = 'cli:operator';
const broken = (count: number) =>
  Array.from({ length: count }, (_, index) => unreadableRow(`{"id":"x${index}"}`, `x${index}`));

async function changed() {
  const ledger = await testLedger();
  await ledger.bind();
  const { db, clock } = ledger;
  /** What `waybill changes` would show, the newest first, without ids. */
  const changes = async () => {
    const rows = await listChanges(db, { limit: 100 });
    return rows.map(({ id: _id, ...row }) => row);
  };
  return { ...ledger, changes, db, clock };
}

it('settling a park leaves who, when and which, and settling it again leaves nothing', async () => {
  const { db, clock, list, read, changes } = await changed();
  await list([incomingThread('t1')]);
  await read('t1', [unreadableRow('{"id":"m1"}', 'm1')]);
  const [park] = await listParks(db, { state: null, source: null, reason: null });
  const id = park?.id ?? '';
  clock.advance(MINUTE);
  const at = clock.now();
  await retryParks(db, { id, source: null, by: BY, now: at });
  await resolvePark(db, { id, by: BY, note: 'words of a person', now: at });
  await resolvePark(db, { id, by: BY, note: 'again', now: at });
  const rows = await changes();
  expect(rows).toHaveLength(2);
  expect(rows).toEqual(
    expect.arrayContaining([
      { at, actor: BY, action: 'park.resolve', subject: `park/${id}`, detail: {} },
      { at, actor: BY, action: 'park.retry', subject: `park/${id}`, detail: { source: null, parks: 1 } },
    ]),
  );
});

it('starting a stopped source again leaves who, when and for how long it parks freely; one that runs leaves nothing', async () => {
  const { db, clock, list, changes } = await changed();
  await expect(list(broken(6))).rejects.toMatchObject({ type: 'SourceStopped' });
  clock.advance(MINUTE);
  const at = clock.now();
  const resumption = { source: 'dashboard', by: BY, parkFreelyUntil: new Date(at.getTime() + DAY), now: at };
  await resumeSource(db, resumption);
  await resumeSource(db, resumption);
  const detail = { parkFreelyUntil: resumption.parkFreelyUntil.toISOString() };
  expect(await changes()).toEqual([{ at, actor: BY, action: 'source.resume', subject: 'source/dashboard', detail }]);
});

it('a mode of a source, a route or a playbook leaves what it was and what it is', async () => {
  const { db, clock, changes } = await changed();
  const change = { source: 'dashboard', route: null, playbook: null, answerFrom: null, actor: BY };
  const subjects: string[] = [];
  for (const [more, subject] of [
    [{ mode: 'shadow' }, 'source/dashboard'],
    [{ mode: 'approve', route: 'email' }, 'source/dashboard/route/email'],
    [{ mode: null, route: 'email' }, 'source/dashboard/route/email'],
  ] as const) {
    clock.advance(MINUTE);
    await setMode(db, { ...change, ...more, now: clock.now() });
    subjects.unshift(subject);
  }
  const rows = (await changes()).filter(({ actor }) => actor === BY);
  expect(rows.map(({ subject }) => subject)).toEqual(subjects);
  expect(rows.map(({ detail: { from, mode } }) => [from, mode])).toEqual([
    ['approve', null],
    [null, 'approve'],
    ['observe', 'shadow'],
  ]);
  expect(rows[0]).toMatchObject({ at: clock.now(), action: 'mode.set' });
});
