import Fastify from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { expect, it, onTestFinished } from 'vitest';
import { addApprovalsRoutes } from '../../../src/api/routes/approvals.js';
import { addSendingRoutes } from '../../../src/api/routes/sending.js';
import { WaybillError } from '../../../src/domain/failures.js';
import { deciding } from '../delivery/deciding.js';

/** The routes over a ledger with one draft that waits, asked by an operator; Temporal is out of reach. */
async function served() {
  const test = await deciding({ binding: { mode: 'approve' } });
  const id = await test.arrives('m1');
  await test.carryOn(id);
  const app = Fastify().withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.addHook('onRequest', async (request) => {
    Object.assign(request, { actor: { name: 'desk', role: 'operator' } });
  });
  const temporal = () => Promise.reject(new WaybillError('PrerequisiteMissing', 'Temporal cannot be reached.'));
  addApprovalsRoutes(app, { db: test.db, clock: test.clock, temporal });
  addSendingRoutes(app, test);
  onTestFinished(() => app.close());
  const ask = async (method: 'GET' | 'POST', url: string, payload?: object) => {
    const { statusCode, body } = await app.inject({ method, url, ...(payload ? { payload } : {}) });
    return { statusCode, body: JSON.parse(body) };
  };
  return { ...test, id, ask };
}

it('drafts are listed, shown, edited and approved; the decision stands without Temporal', async () => {
  const { id, ask, carryOn, server } = await served();
  expect((await ask('GET', '/approvals')).body.approvals).toMatchObject([{ messageId: id, verdict: null }]);
  const version = async () => (await ask('GET', `/approvals/${id}`)).body.drafts.at(-1).version;
  expect(await version()).toBe(1);
  const words = { text: 'It left today.' };
  expect(await ask('POST', `/approvals/${id}/drafts`, words)).toEqual({ statusCode: 201, body: { version: 2 } });
  const stale = await ask('POST', `/approvals/${id}/verdict`, { verdict: 'approved', version: 1 });
  expect(stale).toMatchObject({ statusCode: 409, body: { error: 'conflict', reason: 'outdated' } });
  const said = await ask('POST', `/approvals/${id}/verdict`, { verdict: 'approved', version: await version() });
  expect(said).toEqual({ statusCode: 200, body: { verdict: 'approved', version: 2, told: false } });
  expect((await ask('GET', `/approvals/${id}`)).body).toMatchObject({ verdict: 'approved', settledBy: 'desk' });
  expect(await carryOn(id)).toMatchObject({ disposition: 'answered' });
  expect(server.posts.map(({ text }) => text)).toEqual(['It left today.']);
  expect((await ask('GET', '/approvals')).body.approvals).toEqual([]);
});

it('a message about which nobody was asked is unknown, and a bad request is told as one', async () => {
  const { id, ask } = await served();
  const unknown = '018f0000-0000-7000-8000-000000000000';
  expect(await ask('POST', `/approvals/${unknown}/verdict`, { verdict: 'approved', version: 1 })).toMatchObject({
    statusCode: 404,
    body: { error: 'not_found', reason: 'not_asked' },
  });
  expect((await ask('POST', `/approvals/${id}/verdict`, { verdict: 'perhaps', version: 1 })).statusCode).toBe(400);
  expect((await ask('POST', `/approvals/${id}/drafts`, { text: '  ' })).statusCode).toBe(400);
});

it('sending is stopped and resumed, with who did it; the report of shadow is there', async () => {
  const { ask } = await served();
  expect((await ask('POST', '/sending/stops', { route: 'email' })).body).toMatchObject({
    isNew: true,
    stop: { route: 'email', source: null, stoppedBy: 'desk' },
  });
  expect((await ask('GET', '/sending/stops')).body.stops).toMatchObject([{ route: 'email', held: 0 }]);
  expect((await ask('POST', '/sending/resume', {})).body.lifted).toEqual([]);
  expect((await ask('POST', '/sending/resume', { all: true })).body.lifted).toHaveLength(1);
  expect((await ask('GET', '/shadow')).body).toEqual({ since: null, playbooks: [], decided: [] });
});
