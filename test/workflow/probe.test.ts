import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Reliance } from '../../src/ledger/claims.js';
import { eventually } from '../support/eventually.js';
import { QUICK, type Rig, startRig } from '../support/rig.js';
import { runCommand } from '../support/worker-process.js';

/**
 * The command against a real worker and a dashboard with two oddities that take no time to show. That each oddity alone is found,
 * and nothing else, is shown for all of them on a clock that is turned by hand: test/integration/probes.
 */

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({
    simulator: {
      threads: 40,
      days: 60,
      profile: 'documented',
      seed: 5,
      oddities: { 'creation-filter': true, 'cursor-expires': true },
      cursorLifeMs: 1_000,
    },
    timing: {
      ...QUICK,
      horizonMs: 70 * 86_400_000,
      callDeadlineMs: 10_000,
      callTimeoutMs: 15_000,
      sendTimeoutMs: 30_000,
      probeSettleMs: 5_000,
      probeCursorWaitMs: 2_000,
      probeReplyWaitMs: 2_000,
      canaryDueMs: 60_000,
      canaryEveryMs: 3_000,
    },
    sender: true,
  });
  await rig.worker.start();
}, 90_000);
afterAll(() => rig?.release());

const waybill = (...args: string[]) => runCommand(args, { env: rig.env, cwd: rig.folder });

interface Report {
  sources: { source: string; claims: { claim: string; verdict: string; observed: string }[]; reliance: Reliance }[];
}

it('the command probes a running source and refutes exactly what the dashboard breaks', async () => {
  const isRead = async () => {
    const rows = await rig.query`SELECT 1 FROM source WHERE enumerated_at IS NOT NULL
      AND (SELECT count(*) FROM thread WHERE read_whole_at IS NOT NULL) > 35`;
    return rows.length > 0;
  };
  await eventually('the source was read once', isRead, { withinMs: 120_000 });
  const { code, stdout, stderr } = await waybill('probe', '--active', '--json');
  const [report] = (JSON.parse(stdout) as Report).sources;
  const refuted = report?.claims.filter((one) => one.verdict === 'refuted').map((one) => one.claim);
  expect(refuted).toEqual(['list_by_activity', 'cursor_lives']);
  expect(code).toBe(1);
  expect(stderr).toContain('probes replies');
  expect(report?.reliance).toMatchObject({ receiptUsed: true, resendAllowed: true, listReplacesVisits: false });

  const shown = await waybill('probe', '--no-run');
  expect(shown.stdout).toContain('the list shows recently created threads, not recently active ones');
  expect(shown.stdout).toContain('a listing counts as coverage from');
}, 300_000);

it('probes reply on nothing but threads that their own mail opened', async () => {
  const strangers = await rig.query`
    SELECT 1 FROM provider_call c JOIN message m ON m.thread_id = c.thread_id
    WHERE c.operation = 'postReply' AND c.parameters ->> 'purpose' = 'probe' AND m.reason NOT IN ('canary', 'our_reply')`;
  expect(strangers).toEqual([]);
  const [sent] = await rig.query<{ n: number }>`
    SELECT count(*)::int AS n FROM provider_call WHERE operation = 'postReply' AND parameters ->> 'purpose' = 'probe'`;
  expect(sent?.n).toBeGreaterThan(5);
});

it('a canary that is written on its schedule comes back through the intake and ends by itself', async () => {
  const [came] = await eventually('a canary came back', async () => {
    const rows = await rig.query<{ reason: string; disposition: string; lateMs: number }>`
      SELECT reason, disposition, (extract(epoch FROM m.first_seen_at - c.origin_at) * 1000)::float8 AS "lateMs"
      FROM canary c JOIN message m ON m.id = c.message_id WHERE c.purpose = 'canary'`;
    return rows.length > 0 && rows;
  });
  expect(came).toMatchObject({ reason: 'canary', disposition: 'ignored' });
  expect(came?.lateMs).toBeGreaterThanOrEqual(rig.timing.canaryOriginAgeMs);
  expect(await rig.query`SELECT 1 FROM alarm WHERE kind = 'canary_overdue'`).toEqual([]);
});

it('a source that the ledger does not know is refused in one sentence', async () => {
  const { code, stderr } = await waybill('probe', '--no-run', '--source', 'nowhere');
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('knows no source "nowhere"') });
});
