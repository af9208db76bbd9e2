import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ForeignServer, oldThreads, startForeignServer } from '../support/foreign-server.js';
import { accountOf, type Installation, makeInstallation, saidBy } from './installation.js';

/** A dashboard that is not ours and full of old threads, some of 1970 and 2099: nothing is sent there unasked (law 9). */

const MINUTES = 60_000;
const TOKEN = 'token-of-the-foreign-server';
const THREADS = 60;

let foreign: ForeignServer;
let other: ForeignServer;
const installations: Installation[] = [];

beforeAll(async () => {
  foreign = await startForeignServer({ token: TOKEN, threads: oldThreads(THREADS, Date.now()) });
  other = await startForeignServer({ token: TOKEN, threads: [] });
});
afterAll(async () => {
  for (const one of installations) await one.release();
  await foreign?.close();
  await other?.close();
}, MINUTES);

const once = (here: Installation, server: ForeignServer, ...args: string[]) =>
  here.run(['up', '--once', '--json', '--dashboard-url', server.url, '--dashboard-token', TOKEN, ...args], {
    WAYBILL_SOURCE_RATE: '60',
  });

async function installation(): Promise<Installation> {
  const made = await makeInstallation();
  installations.push(made);
  return made;
}

const reasonsIn = (here: Installation) =>
  here.withLedger(async (db) => ({
    reasons: await db.$queryRaw<{ reason: string; n: number }[]>`
      SELECT reason, count(*)::int AS n FROM message WHERE disposition = 'ignored' GROUP BY 1 ORDER BY 1`,
    cases: await db.$queryRaw`SELECT id FROM "case"`,
    outbox: await db.$queryRaw`SELECT id FROM outbox`,
    source: await db.$queryRaw<{ mode: string }[]>`SELECT name, mode FROM source`,
  }));

it(
  'in observe everything is recorded, nothing is sent and no case is opened; another server is refused',
  async () => {
    const here = await installation();
    const ended = await once(here, foreign);
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(accountOf(ended)).toMatchObject({
      ...{ source: 'dashboard', stored: THREADS, ended: THREADS, answered: 0, escalated: 0, waiting: 0, parked: 0 },
      ...{ missing: null, obtainable: null, unobtainable: null, answeredTwice: null, balanced: true },
    });
    expect(foreign.posts()).toBe(0);
    expect(await reasonsIn(here)).toEqual({
      reasons: [{ reason: 'observed_only', n: THREADS }],
      cases: [],
      outbox: [],
      source: [{ name: 'dashboard', mode: 'observe' }],
    });

    const refused = await once(here, other);
    expect(refused.code, refused.stderr).toBe(2);
    expect(saidBy(refused).filter((line) => line.includes(other.url))).toEqual([
      expect.stringContaining(
        `The source "dashboard" belongs to ${foreign.url} and cannot take messages from ${other.url}`,
      ),
    ]);
    expect(other.requests()).toBe(0);
  },
  3 * MINUTES,
);

it(
  'in live, what was there before is not answered and opens no case, whatever its stamps say',
  async () => {
    const here = await installation();
    const ended = await once(here, foreign, '--mode', 'live');
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(accountOf(ended)).toMatchObject({
      stored: THREADS,
      answered: 0,
      escalated: 0,
      missing: null,
      balanced: true,
    });
    expect(accountOf(ended).answeredTwice).toBe(0);
    expect(foreign.posts()).toBe(0);
    const { reasons, cases, outbox, source } = await reasonsIn(here);
    expect({ cases, outbox, source }).toEqual({ cases: [], outbox: [], source: [{ name: 'dashboard', mode: 'live' }] });
    expect(reasons.map(({ reason }) => reason)).toEqual(['before_answer_from', 'first_enumeration']);
    expect(reasons.reduce((sum, { n }) => sum + n, 0)).toBe(THREADS);
  },
  3 * MINUTES,
);

it('a mode that does not exist is refused, and the sentence lists those that do', async () => {
  const here = await installation();
  const refused = await once(here, foreign, '--mode', 'loud');
  expect(refused.code, refused.stderr).toBe(2);
  expect(saidBy(refused)).toEqual([
    expect.stringMatching(/WAYBILL_MODE must be observe, shadow, approve or live \(got "loud"\)/),
  ]);
});
