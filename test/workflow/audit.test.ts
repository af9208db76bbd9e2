import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkBalance } from '../../src/assurance/balance.js';
import { eventually } from '../support/eventually.js';
import { jsonAnswer } from '../support/gateway.js';
import { QUICK, type Rig, startRig } from '../support/rig.js';
import { runCommand } from '../support/worker-process.js';

/** An intake that lost two messages: one the provider held back until its thread fell out of the schedule, one on our side. */

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({ simulator: { threads: 6, days: 40, profile: 'documented', seed: 5 }, timing: QUICK });
}, 60_000);
afterAll(() => rig?.release());

const waybill = (...args: string[]) => runCommand(args, { env: rig.env, cwd: rig.folder });

interface Report {
  audit: { id: string; loss: Record<string, unknown>; frame: { state: string } };
  finds: { providerMessageId: string; verdict: string; cause: string }[];
}

it('an audit that nobody can run yet says so, and runs when a worker comes', async () => {
  const { code, stderr } = await waybill('audit', 'run');
  expect(code).toBe(3);
  expect(stderr).toContain('no worker takes tasks of waybill-intake and source.simulator');
  await rig.worker.start();
  await rig.client.workflow.getHandle('audit/simulator').result();
}, 90_000);

it('an audit finds what intake lost, takes it in and names the causes [loss case 31] [loss case 42]', async () => {
  const hidden = await rig.control('inbound', { text: 'Where is my parcel?' });
  const lost = await rig.control('inbound', { text: 'And where is mine?' });
  rig.gateway.setRule(async ({ target }, forward) => {
    const answer = await forward();
    if (!target.startsWith(`/v1/threads/${hidden.threadId}/messages`)) return answer;
    const body = JSON.parse(answer.body) as { messages: { id: string }[] };
    return jsonAnswer(200, { ...body, messages: body.messages.filter((one) => one.id !== hidden.messageId) });
  });
  const row = await eventually('one of the two has its ending, and the thread of the other was read', async () => {
    const [found] = await rig.query<{ id: string }>`
      SELECT m.id FROM message m, thread t WHERE provider_message_id = ${lost.messageId} AND state = 'ended'
        AND t.provider_thread_id = ${hidden.threadId} AND t.read_whole_at IS NOT NULL`;
    return found;
  });
  await rig.account();
  rig.gateway.setRule((_request, forward) => forward());
  await rig.query`
    DELETE FROM thread_due WHERE thread_id = (SELECT id FROM thread WHERE provider_thread_id = ${hidden.threadId})`;
  for (const table of ['lifecycle_event', 'message_body', 'answer_claim', 'outbox', 'thread_turn', '"case"'])
    await rig.db.run(`DELETE FROM ${table} WHERE message_id = '${row.id}'`);
  await rig.db.run(`DELETE FROM twin_group WHERE first_message_id = '${row.id}'`);
  await rig.db.run(`DELETE FROM message WHERE id = '${row.id}'`);

  const { code, stdout, stderr } = await waybill('audit', 'run', '--json', '--seed', '7');
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/\d+ of \d+ threads read/) });
  const { audit, finds } = JSON.parse(stdout) as Report;
  expect(Object.fromEntries(finds.map((one) => [one.providerMessageId, [one.verdict, one.cause]]))).toEqual({
    [hidden.messageId]: ['missed', 'visited_before'],
    [lost.messageId]: ['missed', 'lost_inside'],
  });
  expect(audit).toMatchObject({ loss: { missed: 2, late: 0, method: 'census' }, frame: { state: 'unknown' } });

  // What was found goes the way of every message.
  await eventually('both messages have their ending', async () => {
    const ended = await rig.query`
      SELECT 1 FROM message WHERE first_seen_by = 'audit' AND state = 'ended' AND provider_message_id IN (${hidden.messageId}, ${lost.messageId})`;
    return ended.length === 2;
  });
  expect((await checkBalance(rig.db)).balanced).toBe(true);
  const again = await waybill('audit', 'run');
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('of the threads we know 0 % of messages') });
  expect((await waybill('audit', 'list')).stdout.trim().split('\n')).toHaveLength(3);
  expect(await waybill('audit', 'show', audit.id)).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('an answer named it before'),
  });
  expect((await waybill('audit', 'show', 'x')).code).toBe(1);
  expect((await waybill('audit', 'channels')).stdout).toContain('poll      first to see');
  expect(await waybill('audit', 'run', '--threads', '0')).toMatchObject({ code: 2 });
}, 180_000);

it('an audit of a stopped source ends at once, and says that it could read nothing', async () => {
  await rig.query`UPDATE source SET stopped_at = now(), stopped_reason = 'mass_parking'`;
  const { stdout } = await waybill('audit', 'run', '--json');
  const { audit } = JSON.parse(stdout) as {
    audit: { loss: { estimate: null; upper: number; threads: { read: number } } };
  };
  expect(audit.loss).toMatchObject({ estimate: null, upper: 1, threads: { read: 0 } });
}, 60_000);
