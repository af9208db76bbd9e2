import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { readCoverage, type SourceCoverage } from '../../../src/assurance/coverage.js';
import { closeWindow, openWindow } from '../../../src/ledger/windows.js';
import { DAY, HOUR, MINUTE, START } from '../../support/clock.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';
import { failure, ListedWorld } from '../../support/listed-world.js';
import { pollOnce } from '../../support/polling.js';
import { cleanEnvironment } from '../../support/worker-process.js';

const ago = (ms: number): Date => new Date(START.getTime() - ms);

async function prepared() {
  const ledger = await testLedger();
  await ledger.bind();
  return { ledger, world: new ListedWorld(() => ledger.clock.now()) };
}

async function coverage({ db, timing, clock }: TestLedger, at = clock.now()): Promise<SourceCoverage> {
  const [one] = await readCoverage(db, { source: 'dashboard', at, timing });
  if (!one) throw new Error('no coverage');
  return one;
}

describe('coverage', () => {
  it('of a source that was never read is nothing, and says so', async () => {
    const { ledger } = await prepared();
    expect(await coverage(ledger)).toMatchObject({ share: 0, frame: 'unknown', gaps: [{ since: null }], edge: null });
  });

  it('can be asked as of an instant: what was exhausted later, and what superseded it, does not count', async () => {
    const { ledger } = await prepared();
    await ledger.list([], { from: ago(300 * DAY), to: START });
    ledger.clock.advance(HOUR);
    await ledger.list([], { from: ago(400 * DAY), to: ledger.clock.now() });
    const then = await coverage(ledger, START);
    expect(then.gaps).toHaveLength(1);
    expect(then.share).toBeCloseTo(300 / 365, 6);
    expect((await coverage(ledger)).share).toBe(1);
    expect(await coverage(ledger, new Date(START.getTime() - 1)).catch(() => null)).toBeNull(); // the source was not there
  });

  it('names parts that are due again beside those that were never listed', async () => {
    const { ledger, world } = await prepared();
    await pollOnce(ledger, world);
    expect(await coverage(ledger)).toMatchObject({ share: 1, frame: 'listed', gaps: [], dueAgain: [] });
    ledger.clock.advance(10 * MINUTE);
    expect(await coverage(ledger)).toMatchObject({ frame: 'listed', gaps: [], edge: { from: START.toISOString() } });
    ledger.clock.advance(2 * DAY);
    const late = await coverage(ledger);
    expect(late).toMatchObject({ frame: 'unknown', gaps: [{ from: START.toISOString() }] });
    expect(late.dueAgain.at(-1)?.to).toBe(START.toISOString());
  });

  it('reads unknown while a part that was listed once cannot be listed again, and says why', async () => {
    const { ledger, world } = await prepared();
    await pollOnce(ledger, world);
    const poison = ago(3 * DAY);
    world.rule = ({ from, to }, answer) => {
      if (from <= poison && poison < to) throw failure('SourceTrouble');
      return answer();
    };
    ledger.clock.advance(DAY);
    await pollOnce(ledger, world);
    const failed = await coverage(ledger);
    expect(failed).toMatchObject({ frame: 'unknown', notReadAgain: [{ because: 'SourceTrouble' }] });
    expect(failed.notReadAgain[0]?.since).toBe(ledger.clock.now().toISOString());
  });

  it('is two views in the database that fit each other, and a function as of an instant', async () => {
    const { ledger } = await prepared();
    const now = ledger.clock.now();
    const window = await openWindow(ledger.db, {
      source: 'dashboard',
      runId: 'one',
      scheduledAt: now,
      now,
      timing: ledger.timing,
    });
    await ledger.list([], { from: ago(200 * DAY), to: ago(100 * DAY) });
    await ledger.list([], { from: ago(120 * DAY), to: ago(50 * DAY) });
    await closeWindow(ledger.db, window.id, now, ledger.timing);
    const parts = (view: 'coverage' | 'coverage_gap') =>
      view === 'coverage'
        ? ledger.db.$queryRaw`SELECT source, from_at AS from, to_at AS to FROM coverage ORDER BY 2`
        : ledger.db.$queryRaw`SELECT source, from_at AS from, to_at AS to FROM coverage_gap ORDER BY 2`;
    const source = 'dashboard';
    expect(await parts('coverage')).toEqual([{ source, from: ago(200 * DAY), to: ago(50 * DAY) }]);
    expect(await parts('coverage_gap')).toEqual([
      { source, from: ago(365 * DAY), to: ago(200 * DAY) },
      { source, from: ago(50 * DAY), to: START },
    ]);
  });
});

describe('waybill coverage', () => {
  const run = (ledger: TestLedger, ...args: string[]): { code: number; out: string } => {
    const env = cleanEnvironment({ WAYBILL_DATABASE_URL: ledger.url });
    try {
      return {
        code: 0,
        out: execFileSync(process.execPath, ['bin/waybill.mjs', 'coverage', ...args], { env, encoding: 'utf8' }),
      };
    } catch (error) {
      const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
      return { code: status, out: stdout + stderr };
    }
  };

  it('exits with 0 where the frame was listed at that instant, with 1 where it is unknown, and with 2 for no instant and no source', async () => {
    const { ledger, world } = await prepared();
    await pollOnce(ledger, world);
    const then = run(ledger, '--as-of', START.toISOString(), '--json');
    expect(then.code).toBe(0);
    expect(JSON.parse(then.out)).toMatchObject({ sources: [{ source: 'dashboard', share: 1, frame: 'listed' }] });
    const now = run(ledger, '--source', 'dashboard');
    expect(now).toMatchObject({ code: 1, out: expect.stringContaining('never listed') });
    expect(run(ledger, '--as-of', 'yesterday')).toMatchObject({ code: 2, out: expect.stringContaining('--as-of') });
    expect(run(ledger, '--source', 'elsewhere')).toMatchObject({ code: 2, out: expect.stringContaining('elsewhere') });
  });
});
