import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Finding, Level } from '../../src/cli/doctor/findings.js';
import { DISPATCH_WORKFLOW_ID } from '../../src/domain/identity.js';
import { SEARCH_ATTRIBUTES } from '../../src/domain/search-attributes.js';
import { eventually } from '../support/eventually.js';
import { type Rig, startRig } from '../support/rig.js';
import { runCommand } from '../support/worker-process.js';

/** The doctor beside an installation in which one thing after the other is broken on purpose. */

/** The Postgres of the tests runs without fsync, and is found out. */
const UNSAFE = ['postgres'];
let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ simulator: { threads: 5 } });
}, 90_000);
afterAll(() => rig?.release());

async function doctor(env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await runCommand(['doctor', '--json'], {
    env: { ...rig.env, ...env },
    cwd: rig.folder,
  });
  const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
  expect({ stderr, code }).toEqual({ stderr: '', code: ok ? 0 : 1 });
  const of = (level: Level) => findings.filter((one) => one.level === level).map(({ check }) => check);
  return { findings, problems: of('problem'), unknown: of('unknown') };
}

it('before any worker was started, workers and Schedules are missed and nothing else', async () => {
  const { problems, unknown, findings } = await doctor();
  expect({ problems, unknown }).toEqual({
    problems: [...UNSAFE, 'schedules', 'workers'],
    unknown: ['source simulator', 'versions'],
  });
  expect(findings.find(({ check }) => check === 'workers')?.what).toBe(
    'No worker polls waybill-intake, waybill, source.simulator: what is queued there waits.',
  );
});

it('an installation that works has no problem, and everything was looked at', async () => {
  await rig.worker.start();
  await eventually('its first calls have ended and its first Schedules have fired', async () => {
    const { problems, unknown } = await doctor();
    return problems.length === UNSAFE.length && unknown.length === 0;
  });
  const { findings } = await doctor();
  expect(findings.map(({ check }) => check)).toEqual([
    ...['configuration', 'node', 'disk', 'secrets', 'public address', 'alarms'],
    ...['postgres', 'clock of postgres', 'migrations', 'partitions', 'growth', 'source simulator'],
    ...['temporal', 'search attributes', 'schedules', 'queue rate', 'workers', 'versions'],
  ]);
});

it('a paused Schedule, a missing search attribute and a migration that is not applied are each named', async () => {
  const schedule = rig.client.schedule.getHandle(DISPATCH_WORKFLOW_ID);
  await schedule.pause('broken on purpose');
  await rig.client.connection.operatorService.removeSearchAttributes({
    namespace: rig.client.options.namespace,
    searchAttributes: [SEARCH_ATTRIBUTES.source.name],
  });
  await rig.query`UPDATE _prisma_migrations SET rolled_back_at = finished_at WHERE migration_name LIKE '%alarm_kinds'`;
  try {
    const { problems, findings } = await doctor();
    expect(problems).toEqual([...UNSAFE, 'migrations', 'search attributes', 'schedules']);
    expect(findings.find(({ check }) => check === 'schedules')?.what).toContain('dispatch are paused');
  } finally {
    await rig.query`UPDATE _prisma_migrations SET rolled_back_at = NULL WHERE migration_name LIKE '%alarm_kinds'`;
    await rig.client.connection.operatorService.addSearchAttributes({
      namespace: rig.client.options.namespace,
      searchAttributes: { [SEARCH_ATTRIBUTES.source.name]: 2 },
    });
    await schedule.unpause();
  }
});

it('a setting that cannot be used is all that is said, and without Postgres or Temporal the rest is looked at', async () => {
  const wrong = await doctor({ WAYBILL_LOG_LEVEL: 'loud' });
  expect(wrong.findings.map(({ check, level }) => [check, level])).toEqual([['configuration', 'problem']]);
  const alone = await doctor({
    WAYBILL_DATABASE_URL: 'postgresql://nobody:x@127.0.0.1:1/none',
    TEMPORAL_ADDRESS: '127.0.0.1:1',
  });
  expect(alone.problems).toEqual(['postgres', 'temporal']);
  expect(alone.unknown).toEqual(['source simulator']);
});
