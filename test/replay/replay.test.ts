import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { beforeAll, expect, it } from 'vitest';
import * as workflows from '../../src/workflows/index.js';
import { type RecordedHistory, readHistory, recordHistories } from './record.js';

/**
 * Histories are contracts: a run that was begun under an earlier build must go on under this one. The files beside this test
 * were recorded from real runs. With RECORD_HISTORIES=1 they are recorded anew, after a change that `patched` guards, and
 * `npm run format` brings them into shape.
 */

const FOLDER = fileURLToPath(new URL('histories', import.meta.url));
const BUNDLE = fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url));
const MINUTES = 60_000;

const recorded = (): RecordedHistory[] =>
  readdirSync(FOLDER).map((file) => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as RecordedHistory);

const typeOf = (one: RecordedHistory): string =>
  readHistory(one).events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? 'unknown';

/** Workflow ids whose history this code cannot have made, with the reason. */
async function violations(histories: readonly RecordedHistory[], code: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const runs = histories.map((one) => ({ workflowId: one.workflowId, history: readHistory(one) }));
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: { code } }, runs)) {
    if (error) found[workflowId] = error.message;
  }
  return found;
}

beforeAll(() => {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { forward: {}, filter: 'OFF' } },
  });
});

it(
  'every run that the product makes now can be replayed',
  async () => {
    const { all, chosen } = await recordHistories();
    if (process.env.RECORD_HISTORIES) {
      rmSync(FOLDER, { recursive: true, force: true });
      mkdirSync(FOLDER);
      for (const one of chosen) writeFileSync(join(FOLDER, `${one.name}.json`), `${JSON.stringify(one)}\n`);
    }
    expect(all.length).toBeGreaterThan(20);
    expect(await violations(all, readFileSync(BUNDLE, 'utf8'))).toEqual({});
  },
  3 * MINUTES,
);

it('a recorded history of every workflow replays without a difference', async () => {
  const histories = recorded();
  const types = Object.keys(workflows).filter((name) => name !== 'ledgerMoved' && name !== 'lookNow');
  expect([...new Set(histories.map(typeOf))].sort()).toEqual(types.sort());
  expect(await violations(histories, readFileSync(BUNDLE, 'utf8'))).toEqual({});
});

it.each([
  ['messageLifecycle', 'await understand({', 'await decide({ turnWaits: 0,'],
  ['visitRound', 'await ledger.openRound({ source })', 'await ledger.dueBatch({ source, limit: 1 })'],
  ['pollWindow', 'await ledger.closeWindow({', 'await ledger.openWindow({'],
  ['pacer', 'await pace({ source })', '({ nextMs: 60_000, queueRate: 1, rate: 1, ceiling: 1, blockedUntil: null })'],
  ['dispatch', 'await startLifecycles()', '({ started: 0 })'],
  ['audit', 'await slow.closeAudit({', 'await ledger.auditBatch({'],
  ['backfill', 'await slow.beginBackfill({', 'await ledger.endBackfill({'],
])('a changed order of steps in %s is found by its recorded histories', async (type, step, other) => {
  const code = readFileSync(BUNDLE, 'utf8');
  const changed = code.replace(step, other);
  expect(changed).not.toBe(code);
  const histories = recorded().filter((one) => typeOf(one) === type);
  const found = await violations(histories, changed);
  expect(Object.values(found)).not.toEqual([]);
  for (const reason of Object.values(found)) expect(reason).toContain('Nondeterminism');
});
