import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import proto from '@temporalio/proto';
import {
  alarmWorkflowId,
  auditWorkflowId,
  callListWorkflowId,
  canaryWorkflowId,
  DIGEST_WORKFLOW_ID,
  handOffWorkflowId,
  INTAKE_QUEUE,
  lifecycleWorkflowId,
  probeWorkflowId,
} from '../../src/domain/identity.js';
import { raiseAlarm } from '../../src/ledger/alarms.js';
import { reportOutcome } from '../../src/ledger/hand-offs.js';
import { startPhoneSimulator } from '../../src/simulator/phone/server.js';
import { startPlatform, TAKES } from '../../src/simulator/platform.js';
import { beginBackfillOf, DAY_MS } from '../support/backfills.js';
import { callMe, playbooksThatCall } from '../support/call-playbooks.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { jsonAnswer } from '../support/gateway.js';
import { type ExportedRun, exportHistories } from '../support/histories.js';
import { LIVELY, startRig } from '../support/rig.js';
import { startReceiver, WEBHOOK_SECRET } from '../support/webhook-receiver.js';

const DAY = 86_400_000;
const TOKEN = 'token-of-the-platform-1234567890';

const { History } = proto.temporal.api.history.v1;

export interface RecordedHistory {
  /** What stands in it, as a file name. */
  name: string;
  workflowId: string;
  /** The history in the JSON form of its messages: bytes in base64, numbers of 64 bits and names of enums as text. */
  history: { [field: string]: unknown };
}

/** A worker names its process and its machine in events and in the queue of its own: neither belongs into a file. */
const withoutMachine = (history: object): RecordedHistory['history'] =>
  JSON.parse(JSON.stringify(history), (name, value: unknown) =>
    name === 'identity' || (typeof value === 'string' && /^\d+@/.test(value)) ? 'worker' : value,
  );

const toJson = (run: ExportedRun) =>
  withoutMachine(History.toObject(History.fromObject(run.history), { bytes: String, longs: String, enums: String }));

/** The history as the replayer takes it. */
export const readHistory = ({ history }: RecordedHistory): ExportedRun['history'] => History.fromObject(history);

/** Runs a small world in which every way that a workflow can take happens, and exports all finished runs. */
export async function recordHistories(): Promise<{ all: RecordedHistory[]; chosen: RecordedHistory[] }> {
  const waits = { probeSettleMs: 5_000, probeCursorWaitMs: 2_000, probeReplyWaitMs: 1_000, canaryDueMs: 20_000 };
  const timing = { ...LIVELY, ...waits, settleMs: 600, horizonMs: 60 * DAY, attachmentsEveryMs: 1_000 };
  const folder = mkdtempSync(join(tmpdir(), 'waybill-record-'));
  const receiver = await startReceiver();
  const account = { accountSid: 'AC1', authToken: 'auth-of-the-recording', controlToken: 'control-of-the-recording' };
  const phone = await startPhoneSimulator({ ...account, stepMs: 100 });
  phone.world.force('broken-after-acceptance', 1);
  const platform = await startPlatform({ secret: WEBHOOK_SECRET, token: TOKEN, controlToken: 'control' });
  platform.reactions.push({ ...TAKES, outcome: 'never' });
  const env = {
    WAYBILL_ALARM_WEBHOOK_URL: receiver.url,
    WAYBILL_ALARM_WEBHOOK_SECRET: WEBHOOK_SECRET,
    WAYBILL_TIMING_ALARM_EVERY_MS: '1000',
    WAYBILL_TIMING_CALL_VISIBLE_MS: '500',
    WAYBILL_PLAYBOOKS: playbooksThatCall(folder),
    WAYBILL_PHONE_URL: phone.url,
    WAYBILL_PHONE_ACCOUNT_SID: account.accountSid,
    WAYBILL_PHONE_AUTH_TOKEN: account.authToken,
    WAYBILL_PHONE_FROM: '+442079460000',
    WAYBILL_PHONE_PUBLIC_URL: 'http://callbacks.example.com',
    WAYBILL_PHONE_INSTRUCTIONS_URL: 'http://instructions.example.com/say',
    WAYBILL_PHONE_HOURS: 'mon-sun 00:00-24:00',
    WAYBILL_PHONE_RATE: '50',
    WAYBILL_TIMING_CASE_EVERY_MS: '1000',
    WAYBILL_TIMING_CASE_REMINDER_MS: '2000',
    WAYBILL_CASE_NOTES: 'true',
    WAYBILL_PLATFORMS: 'platforms.json',
    WAYBILL_FORMS: 'forms.json',
    WAYBILL_TIMING_FORMS_EVERY_MS: '2000',
    VENDOR_TOKEN: 'token-of-the-rig',
    PLATFORM_SECRET: WEBHOOK_SECRET,
  };
  const port = await freePort();
  const world = { threads: 5, days: 50, profile: 'documented', seed: 2, port } as const;
  const rig = await startRig({ simulator: world, timing, env, sender: true });
  const playbook = ['name: hand_off', 'when: { label: cancel_order }', 'then: { hand_off: { platform: agent } }', ''];
  writeFileSync(join(folder, 'playbooks', 'hand_off.yaml'), playbook.join('\n'));
  const agent = { name: 'agent', url: platform.url, secret: { env: 'PLATFORM_SECRET' } };
  writeFileSync(join(rig.folder, 'platforms.json'), JSON.stringify({ platforms: [agent] }));
  const contact = {
    verify: { scheme: 'standard-webhooks', secrets: [{ env: 'PLATFORM_SECRET' }] },
    fields: { submission_id: 'id', email: 'fields.email', message: 'fields.message' },
    reconcile: {
      by: 'list',
      url: `http://127.0.0.1:${port}/forms/contact/submissions`,
      token: { env: 'VENDOR_TOKEN' },
      rate_per_second: 20,
    },
  };
  writeFileSync(join(rig.folder, 'forms.json'), JSON.stringify({ forms: { contact } }));
  try {
    const doubted = new Set<string>();
    let expired = false;
    rig.gateway.setRule(async ({ method, target }, forward) => {
      if (method === 'POST' && [...doubted].some((id) => target.includes(id))) {
        doubted.clear();
        await forward();
        return null; // executed, and the answer is lost
      }
      if (!expired && target.startsWith('/v1/threads?')) {
        expired = true;
        return jsonAnswer(410, { error: 'cursor_expired' });
      }
      return forward();
    });
    const write = (body: object) => rig.control('inbound', { subject: 'My order', ...body });
    const answered = await write({ attachments: [{ size: 1_000 }, { size: 2_000 }] });
    const inDoubt = await write({});
    doubted.add(inDoubt.threadId);
    const late = await write({ bodyInMs: 3_600_000 });
    const escalated = await write({ subject: 'Refund', text: 'Please give me my money back.' });
    const handedOff = await write({ subject: 'Order', text: 'Please cancel my order.' });
    const ignored = await write({ headers: { 'auto-submitted': 'auto-replied' } });
    await write({ text: callMe('+44 20 7946 0958') });
    const first = await write({});
    const alarm = { kind: 'token_rejected', source: 'simulator', subject: 'recorded', evidence: {} } as const;
    await rig.db.transaction((tx) => raiseAlarm(tx, { ...alarm, now: new Date() }));
    const vendor = { form: 'contact', target: 'http://callbacks.example.com', secret: WEBHOOK_SECRET };
    await rig.control('forms', vendor);
    await rig.worker.start();

    const find = async ({ messageId }: { messageId: string }) => {
      const [row] = await rig.query<{ id: string; state: string }>`
        SELECT id, state FROM message WHERE provider_message_id = ${messageId}`;
      return row;
    };
    // The whole world is enumerated first.
    await eventually('a message waits for its body', async () => (await find(late))?.state === 'waiting', {
      withinMs: 90_000,
    });
    await rig.control('late-body', { messageId: late.messageId, ms: 0 });
    await eventually('the first of a burst is recorded', () => find(first));
    const second = await write({ threadId: first.threadId, text: 'Where is my parcel?' });
    await eventually('the last of a burst is recorded', () => find(second));
    const { id: handedOffId } = await eventually('a message is handed off', async () => {
      const [row] = await rig.query<{ id: string }>`SELECT message_id AS id FROM hand_off WHERE state = 'acknowledged'`;
      return row ?? null;
    });
    const outcome = { status: 'done', reference: null, reason: null } as const;
    const report = { messageId: handedOffId, platform: 'agent', outcome, by: 'platform agent', now: new Date() };
    await rig.db.transaction((tx) => reportOutcome(tx, report));
    for (const id of [lifecycleWorkflowId('simulator', handedOffId), handOffWorkflowId(handedOffId)])
      await rig.client.workflow.getHandle(id).signal('ledgerMoved');
    await eventually('people were reminded of a case', async () => {
      const [row] = await rig.query<{ n: number }>`SELECT count(*)::int AS n FROM "case" WHERE told > 0`;
      return row !== undefined && row.n > 0;
    });
    await rig.control('person-reply', { threadId: escalated.threadId, text: 'It is on its way back to you.' });
    await eventually('the workflow of the case has ended', async () => {
      const [row] = await rig.query<{ n: number }>`
        SELECT count(*)::int AS n FROM "case" WHERE resolution = 'replied' AND settled_at IS NOT NULL`;
      return row?.n === 1;
    });
    await rig.client.workflow.execute('digest', { workflowId: DIGEST_WORKFLOW_ID, taskQueue: INTAKE_QUEUE });
    await rig.account();
    const lifecycles = {
      answered,
      'handed-off': handedOff,
      'in-doubt': inDoubt,
      'late-body': late,
      escalated,
      ignored,
      burst: first,
    };
    const ids = new Map<string, string>();
    for (const [name, message] of Object.entries(lifecycles)) ids.set(name, (await find(message))?.id ?? '');
    // The ledger has the ending before the run has: the last one may still owe its closing event.
    for (const id of ids.values()) await rig.client.workflow.getHandle(lifecycleWorkflowId('simulator', id)).result();
    await rig.client.workflow.execute('audit', {
      workflowId: auditWorkflowId('simulator'),
      taskQueue: INTAKE_QUEUE,
      args: [{ source: 'simulator', timing: rig.timing, threads: 4 }],
    });
    await eventually('the attachments are fetched', async () => {
      const [row] = await rig.query<{ n: number }>`SELECT count(*)::int AS n FROM attachment WHERE state = 'named'`;
      return row?.n === 0;
    });
    await eventually('the alarm is delivered', () => receiver.received.length > 0);
    await eventually('its delivery has ended', async () => {
      const [row] = await rig.query<{ id: string }>`SELECT id FROM alarm WHERE notified_at IS NOT NULL`;
      return row && rig.client.workflow.getHandle(alarmWorkflowId(row.id)).result();
    });
    await rig.client.workflow.execute('reconcileCalls', {
      workflowId: callListWorkflowId('phone'),
      taskQueue: INTAKE_QUEUE,
      args: [{ source: 'phone', timing: rig.timing }],
    });
    for (const active of [false, true]) {
      await rig.client.workflow.execute('probe', {
        workflowId: probeWorkflowId('simulator'),
        taskQueue: INTAKE_QUEUE,
        args: [{ source: 'simulator', active, timing: rig.timing }],
      });
    }
    await rig.client.workflow.execute('canary', {
      workflowId: canaryWorkflowId('simulator'),
      taskQueue: INTAKE_QUEUE,
      args: [{ source: 'simulator', timing: rig.timing }],
    });
    await eventually('the form is reconciled', async () => {
      const [row] = await rig.query<{
        n: number;
      }>`SELECT count(*)::int AS n FROM form_round WHERE closed_at IS NOT NULL`;
      return row !== undefined && row.n > 0;
    });
    const from = new Date(Date.now() - 8 * DAY_MS);
    const { workflowId } = await beginBackfillOf(rig, { from, widthMs: 8 * DAY_MS });
    const walk = rig.client.workflow.getHandle(workflowId);
    for (const order of ['pause', 'resume']) await walk.executeUpdate(order, { args: [{ by: 'test' }] });
    await walk.result();
    await rig.worker.stop();

    // A pacer never ends: what it has done so far is replayed.
    const isWanted = (run: ExportedRun) => run.status === 'COMPLETED' || run.type === 'pacer';
    const runs = (await exportHistories(rig.client)).filter(isWanted);
    const ours = runs.filter((run) => !run.type.startsWith('temporal-sys'));
    const chosen: RecordedHistory[] = [];
    for (const [name, id] of ids) {
      chosen.push(choose(`message-lifecycle-${name}`, ours, (run) => run.workflowId.endsWith(id)));
    }
    const types = [
      'audit',
      'callback',
      'canary',
      'cases',
      'deliverAlarm',
      'deliverAlarms',
      'digest',
      'dispatch',
      'fetchAttachments',
      'handOff',
      'maintain',
      'pacer',
      'personCase',
      'pollWindow',
      'probe',
      'reconcileCalls',
      'reconcileForm',
      'visitRound',
    ];
    for (const type of [...types, 'witness']) {
      const name = type.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      chosen.push(choose(name, ours, (run) => run.type === type));
    }
    chosen.push(choose('backfill', ours, (run) => run.type === 'backfill', 300)); // each of its calls costs about six events
    const all = ours.map((run) => ({ name: run.type, workflowId: run.workflowId, history: toJson(run) }));
    return { all, chosen };
  } finally {
    await rig.release();
    await receiver.close();
    await phone.close();
    rmSync(folder, { recursive: true, force: true });
    await platform.close();
  }
}

/** The run with the most events among those that are meant, up to what a file should hold. */
function choose(
  name: string,
  runs: readonly ExportedRun[],
  isMeant: (run: ExportedRun) => boolean,
  most = 120,
): RecordedHistory {
  const length = (run: ExportedRun) => run.history.events?.length ?? 0;
  const [longest] = runs.filter((run) => isMeant(run) && length(run) < most).sort((a, b) => length(b) - length(a));
  if (!longest) throw new Error(`no run was made that shows ${name}`);
  return { name, workflowId: longest.workflowId, history: toJson(longest) };
}
