import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startApi } from '../../src/api/server.js';
import { checkBalance } from '../../src/assurance/balance.js';
import { loadConfig } from '../../src/config/config.js';
import { systemClock } from '../../src/domain/clock.js';
import { assignCase } from '../../src/ledger/case-desk.js';
import { startPlatform, TAKES } from '../../src/simulator/platform.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { LIVELY, startRig } from '../support/rig.js';
import { startReceiver, WEBHOOK_SECRET } from '../support/webhook-receiver.js';

const MINUTES = 60_000;
const TOKEN = 'token-of-the-platform-1234567890';

it(
  "an escalated message opens a case whose workflow reminds, tells that it is overdue, and ends with a person's reply in the thread",
  async () => {
    const receiver = await startReceiver();
    onTestFinished(() => receiver.close());
    const timing = {
      ...LIVELY,
      settleMs: 500,
      caseEveryMs: 1_000,
      caseDueMs: 8_000,
      caseReminderMs: 5_000,
      caseReminderMaxMs: 60_000,
    };
    const env = {
      WAYBILL_ALARM_WEBHOOK_URL: receiver.url,
      WAYBILL_ALARM_WEBHOOK_SECRET: WEBHOOK_SECRET,
      WAYBILL_TIMING_ALARM_EVERY_MS: '1000',
      WAYBILL_CASE_NOTES: 'true',
    };
    const rig = await startRig({ simulator: { profile: 'documented', seed: 5 }, timing, env });
    onTestFinished(rig.release);
    await rig.worker.start();
    const { threadId } = await rig.control('inbound', { text: 'My name is spelled wrong on the plaque.' });
    const open = await eventually('a case opens', async () => {
      const [row] = await rig.query<{ id: string }>`SELECT id FROM "case" WHERE state = 'open'`;
      return row ?? null;
    });
    const handle = rig.client.workflow.getHandle(`case/${open.id}`);
    const kinds = async () => {
      const rows = await rig.query<{
        kind: string;
      }>`SELECT kind FROM case_event WHERE case_id = ${open.id}::uuid ORDER BY at, id`;
      return rows.map((row) => row.kind);
    };
    const given = { id: open.id, to: 'desk', by: 'cli:tests', now: systemClock.now() };
    expect(await assignCase(rig.db, given)).toBe(true);
    await eventually(
      'it is overdue, and told so anew',
      async () => (await kinds()).filter((kind) => kind === 'overdue').length >= 2,
    );
    await eventually('people were told', async () => {
      const told = receiver.received.map(({ payload }) => payload);
      return (
        told.some(({ type }) => type === 'waybill.case_reminder') &&
        told.some(({ type, data }) => type === 'waybill.alarm' && data['kind'] === 'case_overdue')
      );
    });
    expect((await handle.describe()).status.name).toBe('RUNNING');

    await rig.control('person-reply', { threadId, text: 'We have corrected it.' });
    const done = await eventually('the case ends', async () => {
      const [row] = await rig.query<{ how: string; took: number; settled: Date | null }>`
        SELECT resolution AS how, took_ms::int AS took, settled_at AS settled FROM "case" WHERE id = ${open.id}::uuid`;
      return row?.settled ? row : null;
    });
    expect(done).toMatchObject({ how: 'replied' });
    expect(done.took).toBeGreaterThan(0);
    await eventually('its workflow ends', async () => (await handle.describe()).status.name === 'COMPLETED');
    // Told anew at a growing gap once it was overdue: nothing is reminded of from the deadline on, and nothing follows the end.
    const all = await kinds();
    const told = all.filter((kind) => kind === 'overdue');
    const inOrder = all.filter((kind) => kind !== 'noted');
    expect(inOrder).toEqual(['opened', 'assigned', 'reminded', ...told, 'resolved']);
    expect(all.length - inOrder.length).toBe(1);
    const [facts] = await rig.query<{ owner: string; due: number; late: number; elapsed: number }>`
      SELECT c.owner, (EXTRACT(epoch FROM c.due_at - c.opened_at) * 1000)::int AS due,
             (EXTRACT(epoch FROM min(e.at) - c.due_at) * 1000)::int AS late,
             (EXTRACT(epoch FROM c.resolved_at - c.opened_at) * 1000)::int AS elapsed
      FROM "case" c JOIN case_event e ON e.case_id = c.id AND e.kind = 'overdue' WHERE c.id = ${open.id}::uuid GROUP BY c.id`;
    expect(facts).toMatchObject({ owner: 'desk', due: timing.caseDueMs });
    // By the reply's own stamp: after the deadline, and no later than it was seen.
    expect(done.took).toBeGreaterThan(timing.caseDueMs);
    expect(done.took).toBeLessThanOrEqual(facts?.elapsed ?? 0);
    expect(facts?.late).toBeGreaterThanOrEqual(0);
    const notes = await rig.query<{
      n: number;
    }>`SELECT count(*)::int AS n FROM provider_call WHERE operation = 'addNote'`;
    expect(notes).toEqual([{ n: 1 }]);
    expect(await checkBalance(rig.db)).toMatchObject({ balanced: true });
  },
  3 * MINUTES,
);

it(
  'a message that is handed off waits for its outcome over a lost acknowledgement and a kill, and ends when it is reported',
  async () => {
    const platform = await startPlatform({ secret: WEBHOOK_SECRET, token: TOKEN, controlToken: 'control' });
    onTestFinished(() => platform.close());
    platform.reactions.push({ ...TAKES, answer: 'break', outcome: 'never' }, { ...TAKES, outcome: 'never' });
    const port = await freePort();
    const rig = await startRig({
      simulator: { profile: 'documented', seed: 6 },
      timing: { ...LIVELY, settleMs: 500 },
      env: {
        WAYBILL_API_PORT: String(port),
        WAYBILL_PLATFORMS: 'platforms.yaml',
        WAYBILL_PLAYBOOKS: 'playbooks',
        N8N_SECRET: WEBHOOK_SECRET,
        N8N_TOKEN: TOKEN,
      },
    });
    onTestFinished(rig.release);
    const entry = [
      '- name: n8n',
      `  url: ${platform.url}`,
      '  secret: { env: N8N_SECRET }',
      '  token: { env: N8N_TOKEN }',
    ];
    writeFileSync(
      join(rig.folder, 'platforms.yaml'),
      ['platforms:', ...entry.map((line) => `  ${line}`), ''].join('\n'),
    );
    mkdirSync(join(rig.folder, 'playbooks'));
    const playbook = ['name: refund', 'when: { label: refund }', 'then: { hand_off: { platform: n8n } }', ''];
    writeFileSync(join(rig.folder, 'playbooks', 'refund.yaml'), playbook.join('\n'));
    const api = await startApi({
      config: loadConfig(rig.env, { cwd: rig.folder }),
      db: rig.db,
      clock: systemClock,
      log: createLogger({ subsystem: 'api', level: 'silent', format: 'ndjson' }),
    });
    onTestFinished(() => api.close());
    await rig.worker.start();
    await rig.control('inbound', { text: 'I would like a refund of my last order, please give me my money back.' });
    const { id } = await eventually('the platform is asked again and acknowledges', async () => {
      const [row] = await rig.query<{ id: string }>`SELECT message_id AS id FROM hand_off WHERE state = 'acknowledged'`;
      return row ?? null;
    });
    expect(platform.truth()).toMatchObject([{ message: id, deliveries: 2, taken: true }]);
    await rig.worker.sigkill();
    await rig.worker.start();
    expect(await platform.report(id, { status: 'done', reference: 'execution-17' })).toBe(200);
    const ended = await eventually('the message ends', async () => {
      const [row] = await rig.query<{ disposition: string | null; reason: string | null }>`
        SELECT disposition, reason FROM message WHERE id = ${id}::uuid`;
      return row?.disposition ? row : null;
    });
    expect(ended).toEqual({ disposition: 'handed_off_done', reason: 'outcome_done' });
    const statusOf = async (workflowId: string) =>
      (await rig.client.workflow.getHandle(workflowId).describe()).status.name;
    await eventually('both workflows end', async () =>
      (await Promise.all([`message/simulator/${id}`, `hand-off/${id}`].map(statusOf))).every(
        (name) => name === 'COMPLETED',
      ),
    );
    expect(await platform.report(id, { status: 'done', reference: 'execution-17' })).toBe(200);
    expect(await platform.report(id, { status: 'failed' })).toBe(409);
    expect(await checkBalance(rig.db)).toMatchObject({ balanced: true });
  },
  3 * MINUTES,
);
