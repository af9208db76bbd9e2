import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { runInNewContext } from 'node:vm';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { OutcomeBody } from '../../src/contracts/hand-off-steps.js';
import { outcomeUrl } from '../../src/domain/platform.js';
import { WEBHOOK_SECRET } from '../support/webhook-receiver.js';

interface Node {
  id: string;
  name: string;
  type: string;
  typeVersion: number;
  parameters: Record<string, unknown>;
  credentials?: unknown;
}

const FILE = readFileSync('docs/integrations/n8n-waybill.json', 'utf8');
const PAGE = readFileSync('docs/integrations/n8n.md', 'utf8');
const workflow = JSON.parse(FILE) as {
  nodes: Node[];
  connections: Record<string, { main: { node: string; type: string; index: number }[][] }>;
  active: boolean;
};
const nodeOf = (type: string): Node => {
  const found = workflow.nodes.find((one) => one.type === `n8n-nodes-base.${type}`);
  if (!found) throw new Error(`no ${type} in the workflow`);
  return found;
};

/** Runs the code of the node that verifies, as n8n does: with its input, its helpers and its environment. */
async function verify(
  headers: Record<string, string>,
  body: string,
  secret: string | undefined,
): Promise<Record<string, unknown>> {
  const helpers = { getBinaryDataBuffer: async () => Buffer.from(body) };
  const input = { first: () => ({ json: { headers } }) };
  const env = secret === undefined ? {} : { WAYBILL_WEBHOOK_SECRET: secret };
  const code = `(async function () {${String(nodeOf('code').parameters['jsCode'])}})`;
  const run = runInNewContext(code, { $input: input, $env: env, require: createRequire(import.meta.url), Buffer }) as (
    this: object,
  ) => Promise<{ json: Record<string, unknown> }[]>;
  const [item] = await run.call({ helpers });
  return item?.json ?? {};
}

function signed(body: string, at = new Date()) {
  const id = 'hand_off_0198c0de-0000-7000-8000-000000000001';
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const signature = new Webhook(WEBHOOK_SECRET).sign(id, at, body);
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1a,other ${signature}` };
}

const BODY = JSON.stringify({
  type: 'waybill.hand_off',
  data: { message: '0198c0de-0000-7000-8000-000000000001', outcomeUrl: 'http://127.0.0.1:8080/v1/messages/x/outcome' },
});

describe('docs/integrations/n8n-waybill.json', () => {
  it('is an export that n8n can import: nodes with ids of their own, connections between nodes that are there, not active', () => {
    expect(new Set(workflow.nodes.map(({ id }) => id)).size).toBe(workflow.nodes.length);
    const names = new Set(workflow.nodes.map(({ name }) => name));
    const ends = Object.values(workflow.connections).flatMap(({ main }) => main.flat());
    for (const name of [...Object.keys(workflow.connections), ...ends.map(({ node }) => node)])
      expect(names).toContain(name);
    for (const { name } of workflow.nodes.slice(1)) expect(ends.map(({ node }) => node)).toContain(name);
    expect(workflow.active).toBe(false);
  });

  it('holds no secret and no credential', () => {
    expect(FILE).not.toMatch(/whsec_[A-Za-z0-9+/]{8}|Bearer |wbt_/);
    expect(workflow.nodes.filter(({ credentials }) => credentials !== undefined)).toEqual([]);
  });

  it('takes a webhook that Waybill signed, and none that is forged, stale or of another type', async () => {
    expect(await verify(signed(BODY), BODY, WEBHOOK_SECRET)).toMatchObject({
      genuine: true,
      webhookId: 'hand_off_0198c0de-0000-7000-8000-000000000001',
      outcomeUrl: 'http://127.0.0.1:8080/v1/messages/x/outcome',
    });
    expect(await verify(signed(BODY), `${BODY} `, WEBHOOK_SECRET)).toEqual({ genuine: false, why: 'forged' });
    expect(await verify(signed(BODY, new Date(Date.now() - 600_000)), BODY, WEBHOOK_SECRET)).toMatchObject({
      why: 'stale',
    });
    expect(await verify(signed('{"type":"x"}'), '{"type":"x"}', WEBHOOK_SECRET)).toMatchObject({ why: 'another type' });
    expect(await verify(signed(BODY), BODY, undefined)).toMatchObject({ genuine: false });
  });

  it('reports to the address that came with the hand-off, in the form that the route takes', () => {
    const { parameters } = nodeOf('httpRequest');
    expect(parameters).toMatchObject({ method: 'POST', url: '={{ $json.outcomeUrl }}' });
    const expression = /^=\{\{ (.*) \}\}$/.exec(String(parameters['jsonBody']))?.[1] ?? '';
    const said = runInNewContext(expression, { $json: { status: 'done', reference: 'execution-17' } }) as string;
    expect(OutcomeBody.parse(JSON.parse(said))).toEqual({ status: 'done', reference: 'execution-17', reason: null });
  });

  it('is described by a page that names the route that exists', () => {
    const route =
      /'(\/v1\/messages\/:id\/outcome)'/.exec(readFileSync('src/api/routes/outcomes.ts', 'utf8'))?.[1] ?? 'none';
    expect(PAGE).toContain(`POST ${route}`);
    expect(outcomeUrl({ reportTo: '' }, ':id')).toBe(route);
    for (const { name } of workflow.nodes) expect(PAGE).toContain(name);
  });
});
