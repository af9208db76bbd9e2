import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningApi, startApi } from '../../src/api/server.js';
import type { PushedAudit } from '../../src/assurance/audit/pushed.js';
import { checkBalance } from '../../src/assurance/balance.js';
import { loadConfig } from '../../src/config/config.js';
import { systemClock } from '../../src/domain/clock.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { eventually } from '../support/eventually.js';
import { newSigningSecret } from '../support/forms.js';
import { freePort } from '../support/free-port.js';
import { QUICK, type Rig, startRig } from '../support/rig.js';
import { runCommand } from '../support/worker-process.js';

/** Submissions of a form, pushed and listed, through the whole installation. */

const folder = mkdtempSync(join(tmpdir(), 'waybill-forms-'));
const SECRET = newSigningSecret();
let rig: Rig;
let api: RunningApi;

const file = (port: number) => `forms:
  contact:
    verify: { scheme: standard-webhooks, secrets: [{ env: CONTACT_SECRET }] }
    fields: { submission_id: id, sequence: number, submitted_at: created_at, email: fields.email, message: fields.message }
    required: [email, message]
    mode: live
    answer_from: "1970-01-01T00:00:00Z"
    reconcile:
      by: list
      url: http://127.0.0.1:${port}/forms/contact/submissions
      token: { env: VENDOR_TOKEN }
      rate_per_second: 20
`;

beforeAll(async () => {
  const port = await freePort();
  const path = join(folder, 'forms.yaml');
  writeFileSync(path, file(port));
  const env = { WAYBILL_FORMS: path, CONTACT_SECRET: SECRET, VENDOR_TOKEN: 'token-of-the-rig' };
  rig = await startRig({ simulator: { port }, timing: { ...QUICK, formsEveryMs: 2_000 }, env });
  const config = loadConfig({ ...rig.env, WAYBILL_API_PORT: String(await freePort()) });
  const log = createLogger({ subsystem: 'api', level: 'silent' });
  api = await startApi({ config, db: rig.db, clock: systemClock, log });
  await rig.control('forms', { form: 'contact', target: `${api.url}/webhooks/forms/contact`, secret: SECRET });
  await rig.worker.start();
}, 90_000);
afterAll(async () => {
  await api?.close();
  await rig?.release();
  rmSync(folder, { recursive: true, force: true });
});

async function firstSeen(): Promise<{ poll: number; webhook: number }> {
  const rows = await rig.query<{ by: 'poll' | 'webhook'; count: number }>`
    SELECT first_seen_by AS by, count(*)::int AS count FROM message WHERE source = 'form.contact' GROUP BY 1`;
  return { poll: 0, webhook: 0, ...Object.fromEntries(rows.map(({ by, count }) => [by, count])) };
}

it('each one has its ending, those of withheld webhooks as well, and nothing was answered where nothing can be', async () => {
  const sent = await rig.control<{ withheld: number }>('form-traffic', {
    ...{ form: 'contact', count: 40, withheld: 0.05, repeated: 0.2, forged: 0.1 },
  });
  expect(sent.withheld).toBe(2);
  await eventually(
    'all of them have their ending',
    async () => {
      const [row] = await rig.query<{ ended: number }>`
        SELECT count(*)::int AS ended FROM message WHERE source = 'form.contact' AND state = 'ended'`;
      return row?.ended === 40;
    },
    { withinMs: 60_000 },
  );
  // A round may list a submission before its webhook arrives; only one that was withheld can come in by no other way.
  const { poll, webhook } = await firstSeen();
  expect(poll + webhook).toBe(40);
  expect(poll).toBeGreaterThanOrEqual(sent.withheld);
  expect(webhook).toBeGreaterThan(0);
  expect(await rig.query`SELECT DISTINCT route FROM message WHERE source = 'form.contact'`).toEqual([
    { route: 'form' },
  ]);
  expect(await rig.query`SELECT count(*)::int AS count FROM outbox`).toEqual([{ count: 0 }]);
  const open = (await checkBalance(rig.db)).equations.filter((one) => one.residuals > 0 || one.left !== one.right);
  expect(open).toEqual([]);
  expect(await rig.query`SELECT DISTINCT operation, status FROM provider_call WHERE source = 'form.contact'`).toEqual([
    { operation: 'listSubmissions', status: 200 },
  ]);
}, 90_000);

it('its coverage, claims and audit are shown by the commands', async () => {
  const env = { ...rig.env, CONTACT_SECRET: SECRET };
  const waybill = (...args: string[]) => runCommand(args, { env, cwd: rig.folder });
  const { code, stdout, stderr } = await waybill('audit', 'run', '--source', 'form.contact', '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { pushed, trouble } = JSON.parse(stdout) as { pushed: PushedAudit; trouble: string | null };
  expect(trouble).toBeNull();
  expect(pushed).toMatchObject({ provedBy: 'list', loss: { method: 'census', shown: 40, missed: 0 } });
  expect(await rig.query`SELECT listed FROM form_round WHERE audit`).toEqual([{ listed: 40 }]);
  expect((await waybill('audit', 'show', '--source', 'form.contact')).stdout).toContain('0 % were missing (0 of 40');
  expect((await waybill('audit', 'list')).stdout).toContain('form.contact, ');
  const { webhook } = await firstSeen();
  expect((await waybill('audit', 'channels', '--source', 'form.contact')).stdout).toContain(
    `form.contact: webhook   first to see ${webhook}; `,
  );
  const coverage = await waybill('coverage', '--source', 'form.contact');
  expect(coverage).toMatchObject({ code: 0, stdout: expect.stringContaining('pushed submissions complete until') });
  const probed = await waybill('probe', '--source', 'form.contact', '--json');
  const { sources } = JSON.parse(probed.stdout) as { sources: { claims: { claim: string }[]; reliance: null }[] };
  expect(sources.map(({ claims, reliance }) => [claims.length, reliance])).toEqual([[5, null]]);
}, 90_000);
