import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { checkBalance } from '../../src/assurance/balance.js';
import { eventually } from '../support/eventually.js';
import { LIVELY, type Rig, startRig } from '../support/rig.js';
import { runCommand } from '../support/worker-process.js';

/** What cannot be read now: parked and asked for again, or the source stopped; and attachments, fetched beside all that. */

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({
    simulator: { profile: 'documented', oddities: { 'attachment-link-expires': true } },
    timing: {
      ...LIVELY,
      settleMs: 500,
      parkRetryMs: 300,
      attachmentsEveryMs: 1_000,
      callRetryInitialMs: 50,
      callRetryMaxMs: 100,
    },
  });
  await rig.worker.start();
}, 90_000);
afterAll(() => rig?.release());
beforeEach(() => rig.gateway.setRule((_, forward) => forward()));

const waybill = async (...args: string[]) => {
  const { code, stdout } = await runCommand([...args, '--json'], { env: rig.env, cwd: rig.folder });
  return { code, said: JSON.parse(stdout) as Record<string, unknown> };
};
const residuals = async () => (await checkBalance(rig.db)).equations.filter((one) => one.residuals > 0);
const endOf = (messageId: string) =>
  eventually('the message ends', async () => {
    const [row] = await rig.query<{ disposition: string }>`
      SELECT disposition FROM message WHERE provider_message_id = ${messageId} AND state = 'ended'`;
    return row?.disposition;
  });
const html = { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Sorry</h1>' };

it('attachments are fetched whole, one call at a time, also behind links that expire', async () => {
  const attachments = Array.from({ length: 8 }, (_, index) => ({
    size: 70_000 + index,
    contentType: 'application/pdf',
  }));
  const { messageId } = await rig.control('inbound', { text: 'Please see the files.', attachments });
  const rows = await eventually('all attachments are fetched', async () => {
    const found = await rig.query<{ id: string; sha256: string; bytes: number }>`
      SELECT provider_attachment_id AS id, sha256, a.bytes::int FROM attachment a JOIN message m ON m.id = a.message_id
      WHERE provider_message_id = ${messageId} AND a.state = 'fetched' ORDER BY 1`;
    return found.length === attachments.length && found;
  });
  const bytesOf = (id: string, size: number) => Buffer.alloc(size, createHash('sha512').update(id).digest());
  expect(rows.map((row) => row.bytes)).toEqual(attachments.map((one) => one.size));
  for (const { id, bytes, sha256 } of rows)
    expect(sha256).toBe(createHash('sha256').update(bytesOf(id, bytes)).digest('hex'));
  const calls = await rig.query<{ status: number }>`
    SELECT DISTINCT status FROM provider_call WHERE operation = 'getAttachment' ORDER BY 1`;
  expect(calls.map((call) => call.status)).toEqual([200, 302]);
  expect(await residuals()).toEqual([]);
}, 120_000);

it('a page that stays unreadable is parked and shown, the round goes on, and the first good answer takes it in [loss case 39]', async () => {
  const poison = await rig.control('inbound', { subject: 'My order' });
  rig.gateway.setRule(async ({ target }, forward) => (target.includes(poison.threadId) ? html : forward()));
  await eventually('the page is parked', async () => {
    return (await rig.query`SELECT 1 FROM park WHERE reason = 'unreadable_answer'`).length > 0;
  });
  const { said: listed } = await waybill('park', 'list', '--reason', 'unreadable_answer');
  const [park = { id: '' }] = listed['parks'] as { id: string; item: string; kind: string }[];
  expect(park).toMatchObject({ kind: 'page', item: poison.threadId });
  expect((await waybill('park', 'show', park.id)).said).toMatchObject({ park: { raw: html.body, state: 'parked' } });
  const other = await rig.control('inbound', { subject: 'My order' });
  expect(await endOf(other.messageId)).toBe('answered');
  const [round] = await eventually('a round closes that says what it parked', async () => {
    const rows = await rig.query<{ parked: number }>`
      SELECT (account ->> 'parked')::int AS parked FROM visit_round WHERE closed_at IS NOT NULL AND (account ->> 'parked')::int > 0`;
    return rows.length > 0 && rows;
  });
  expect(round?.parked).toBeGreaterThan(0);
  expect((await waybill('park', 'retry', park.id, '--by', 'operator')).code).toBe(0);
  rig.gateway.setRule((_, forward) => forward());
  expect(await endOf(poison.messageId)).toBe('answered');
  expect((await waybill('park', 'retry', park.id)).code).toBe(1);
  const { said } = await waybill('park', 'show', park.id);
  expect(said).toMatchObject({ park: { state: 'resolved', actions: [{ action: 'retried', by: 'cli:operator' }] } });
  expect(await residuals()).toEqual([]);
}, 180_000);

it('answers in another shape stop the source: nothing spins, a person starts it, and nothing is missing', async () => {
  for (let thread = 0; thread < 6; thread++) await rig.control('inbound', { subject: 'My order' });
  await rig.account();
  rig.gateway.setRule(async ({ target }, forward) => {
    const answer = await forward();
    return target.startsWith('/v1/threads?') ? { ...answer, body: answer.body.replaceAll('"id"', '"ident"') } : answer;
  });
  const late = await rig.control('inbound', { subject: 'My order' });
  await eventually('the source is stopped', async () => {
    const [row] = await rig.query<{ stopped: boolean }>`SELECT stopped_at IS NOT NULL AS stopped FROM source`;
    return row?.stopped;
  });
  const closed = async () => {
    const [row] = await rig.query<{ windows: number; rounds: number }>`
      SELECT (SELECT count(*)::int FROM poll_window WHERE outcome = 'open' AND account ->> 'stopped' = 'true') AS windows,
             (SELECT count(*)::int FROM visit_round WHERE account ->> 'stopped' = 'true') AS rounds`;
    return row ?? { windows: 0, rounds: 0 };
  };
  const quiet = async () => (await rig.query<{ n: number }>`SELECT count(*)::int AS n FROM provider_call`)[0]?.n;
  await eventually('a window closes stopped', async () => (await closed()).windows > 0 && (await closed()).rounds > 0);
  const [before, calls] = [await closed(), await quiet()];
  await eventually('windows and rounds go on closing, and call nobody', async () => {
    const now = await closed();
    return now.windows >= before.windows + 2 && now.rounds >= before.rounds + 2;
  });
  expect(await quiet()).toBe(calls);
  expect(await rig.query`SELECT kind, state FROM alarm WHERE kind = 'mass_parking'`).toEqual([
    { kind: 'mass_parking', state: 'open' },
  ]);
  expect(await rig.query`SELECT 1 FROM park WHERE state = 'parked'`).toEqual([]);

  rig.gateway.setRule((_, forward) => forward());
  expect(await waybill('source', 'resume', '--source', 'simulator')).toMatchObject({ code: 0 });
  expect((await waybill('source', 'resume', '--source', 'simulator')).code).toBe(1);
  expect(await endOf(late.messageId)).toBe('answered');
  const account = await rig.account();
  expect(account).toMatchObject({ missing: 0, answeredTwice: 0, balanced: true });
  const { said } = await waybill('reprocess', '--source', 'simulator', '--since', '2020-01-01T00:00:00Z');
  expect(said).toMatchObject({ messages: { changed: 0, notKept: 0, unreadable: 0 }, parks: { examined: 0 } });
}, 240_000);
