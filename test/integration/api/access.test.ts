import Fastify from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addAccess } from '../../../src/api/access.js';
import type { Role } from '../../../src/domain/access.js';
import { openDatabase } from '../../../src/ledger/database.js';
import { createLogger } from '../../../src/telemetry/logger.js';
import { apiOver, testApi } from '../../support/api.js';
import { MINUTE } from '../../support/clock.js';
import { testLedger } from '../../support/ledger.js';

const NOBODY = '00000000-0000-4000-8000-000000000000';

/** What each route answers each role, given a request that is right in every other way. */
const ROUTES: { route: string; body?: object; answers: Record<Role, number> }[] = [
  { route: 'GET /v1/me', answers: { viewer: 200, operator: 200, admin: 200 } },
  { route: 'GET /v1/openapi.json', answers: { viewer: 200, operator: 200, admin: 200 } },
  { route: 'GET /v1/tokens', answers: { viewer: 403, operator: 403, admin: 200 } },
  {
    route: 'POST /v1/tokens',
    body: { name: 'another', role: 'viewer' },
    answers: { viewer: 403, operator: 403, admin: 201 },
  },
  { route: `DELETE /v1/tokens/${NOBODY}`, answers: { viewer: 403, operator: 403, admin: 404 } },
  { route: 'GET /v1/changes', answers: { viewer: 403, operator: 403, admin: 200 } },
  { route: `GET /v1/messages/${NOBODY}`, answers: { viewer: 404, operator: 404, admin: 404 } },
  { route: 'GET /v1/balance', answers: { viewer: 403, operator: 200, admin: 200 } },
  { route: 'GET /v1/approvals', answers: { viewer: 200, operator: 200, admin: 200 } },
  { route: `GET /v1/approvals/${NOBODY}`, answers: { viewer: 403, operator: 404, admin: 404 } },
  {
    route: `POST /v1/approvals/${NOBODY}/drafts`,
    body: { text: 'other words' },
    answers: { viewer: 403, operator: 404, admin: 404 },
  },
  {
    route: `POST /v1/approvals/${NOBODY}/verdict`,
    body: { verdict: 'rejected', version: 1 },
    answers: { viewer: 403, operator: 404, admin: 404 },
  },
  { route: 'GET /v1/sending/stops', answers: { viewer: 200, operator: 200, admin: 200 } },
  { route: 'POST /v1/sending/stops', body: {}, answers: { viewer: 403, operator: 200, admin: 200 } },
  { route: 'POST /v1/sending/resume', body: {}, answers: { viewer: 403, operator: 200, admin: 200 } },
  { route: 'GET /v1/shadow', answers: { viewer: 200, operator: 200, admin: 200 } },
  { route: 'GET /v1/cases', answers: { viewer: 200, operator: 200, admin: 200 } },
  { route: `GET /v1/cases/${NOBODY}`, answers: { viewer: 404, operator: 404, admin: 404 } },
  {
    route: `POST /v1/cases/${NOBODY}/assign`,
    body: { to: 'somebody' },
    answers: { viewer: 403, operator: 404, admin: 404 },
  },
  { route: `POST /v1/cases/${NOBODY}/resolve`, body: {}, answers: { viewer: 403, operator: 404, admin: 404 } },
  { route: `POST /v1/cases/${NOBODY}/reopen`, answers: { viewer: 403, operator: 404, admin: 404 } },
  { route: 'GET /v1/hand-offs', answers: { viewer: 200, operator: 200, admin: 200 } },
  { route: 'GET /v1/digest', answers: { viewer: 200, operator: 200, admin: 200 } },
  { route: 'GET /v1/submissions', answers: { viewer: 200, operator: 200, admin: 200 } },
  { route: `GET /v1/submissions/${NOBODY}`, answers: { viewer: 404, operator: 404, admin: 404 } },
  { route: `GET /v1/submissions/${NOBODY}/fields`, answers: { viewer: 403, operator: 404, admin: 404 } },
  { route: 'GET /v1/calls', answers: { viewer: 200, operator: 200, admin: 200 } },
  { route: `GET /v1/calls/${NOBODY}`, answers: { viewer: 404, operator: 404, admin: 404 } },
  { route: 'GET /v1/nothing', answers: { viewer: 404, operator: 404, admin: 404 } },
];

const split = (route: string) => {
  const [method = '', url = ''] = route.split(' ');
  return { method: method as 'GET', url };
};

describe('the API below /v1', () => {
  it('answers each role on each route as the table says, and nobody without a token', async () => {
    const { ask } = await testApi();
    for (const { route, body, answers } of ROUTES) {
      const { method, url } = split(route);
      expect((await ask(url, { method, body, as: null })).status, `${route} without a token`).toBe(401);
      for (const [role, status] of Object.entries(answers))
        expect((await ask(url, { method, body, as: role })).status, `${route} as ${role}`).toBe(status);
    }
  });

  it('has every route of its description in that table', async () => {
    const { ask } = await testApi();
    const { body } = await ask('/v1/openapi.json');
    const described = Object.entries(body['paths'] as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const shape = (route: string): string => route.replaceAll(/\{\w+\}|[0-9a-f-]{36}/g, ':id');
    const tabled = ROUTES.map(({ route }) => shape(route));
    expect(described.map(shape).filter((route) => !tabled.includes(route))).toEqual([]);
    expect(described.length).toBeGreaterThan(4);
  });

  it('takes the same role for HEAD as for GET', async () => {
    const { app, tokens } = await testApi();
    const head = async (role: Role) => {
      const headers = { authorization: `Bearer ${tokens.get(role)}` };
      return (await app.inject({ method: 'HEAD', url: '/v1/tokens', headers })).statusCode;
    };
    expect([await head('viewer'), await head('operator'), await head('admin')]).toEqual([403, 403, 200]);
  });

  it('refuses to register a route that names no role', async () => {
    const { db, clock } = await testLedger();
    const app = Fastify();
    onTestFinished(() => app.close());
    await addAccess(app, { db, clock, log: createLogger({ subsystem: 'api', level: 'silent' }) });
    expect(() => app.get('/open', async () => 'for all')).toThrow('GET /open names no role');
    expect(() => app.get('/closed', { config: { role: 'viewer' } }, async () => 'for some')).not.toThrow();
  });

  it('gives one and the same answer to no token, nonsense, an unknown id, a wrong secret and a revoked token', async () => {
    const { ask, tokens } = await testApi();
    const viewer = tokens.get('viewer') ?? '';
    const made = await ask('/v1/tokens', { method: 'POST', body: { name: 'short', role: 'admin' } });
    const { token, text } = made.body as { token: { id: string }; text: string };
    expect((await ask('/v1/me', { as: text })).body).toEqual({ name: 'short', role: 'admin' });
    expect((await ask(`/v1/tokens/${token.id}`, { method: 'DELETE' })).status).toBe(200);
    const [, id = '', secret = ''] = /^wbt_(.{32})_(.{43})$/.exec(viewer) ?? [];
    const strangers = [
      null,
      'nonsense',
      `wbt_${NOBODY.replaceAll('-', '')}_${secret}`,
      `wbt_${id}_${'A'.repeat(43)}`,
      `${viewer}A`,
      text,
    ];
    const answers = await Promise.all(strangers.map((as) => ask('/v1/me', { as })));
    expect(answers.map(({ status, body, headers }) => ({ status, body, realm: headers['www-authenticate'] }))).toEqual(
      strangers.map(() => ({
        status: 401,
        realm: 'Bearer realm="waybill"',
        body: { error: 'unauthenticated', message: 'A valid token is needed: Authorization: Bearer wbt_...' },
      })),
    );
  });

  it('counts failures by address, and goes on taking a valid token from there', async () => {
    const { ask, tokens } = await testApi({ failuresPerMinute: 3 });
    const guess = async (from: string) => (await ask('/v1/me', { as: 'wbt_guess', from })).status;
    const statuses: number[] = [];
    for (let index = 0; index < 6; index++) statuses.push(await guess('192.0.2.1'));
    expect(statuses).toEqual([401, 401, 401, 429, 429, 429]);
    expect((await ask('/v1/me', { as: tokens.get('viewer'), from: '192.0.2.1' })).status).toBe(200);
    expect(await guess('192.0.2.2')).toBe(401);
    const { headers, body } = await ask('/v1/me', { as: null, from: '192.0.2.1' });
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(body['error']).toBe('too_many');
  });

  it('does not even look at a token once an address has sent too much', async () => {
    const { ask } = await testApi({ requestsPerMinute: 2 });
    const statuses: number[] = [];
    for (const as of ['wbt_guess', 'admin', 'admin', 'wbt_guess']) statuses.push((await ask('/v1/me', { as })).status);
    expect(statuses).toEqual([401, 200, 429, 429]);
  });

  it('says what is wrong with a request, field by field, in one shape', async () => {
    const { ask } = await testApi();
    const wrong = await ask('/v1/tokens', { method: 'POST', body: { name: 'No Such Name', role: 'king', more: 1 } });
    expect(wrong.status).toBe(422);
    expect(wrong.body['error']).toBe('invalid');
    const problems = wrong.body['problems'] as { at: string; problem: string }[];
    expect(problems.map(({ at }) => at).toSorted()).toEqual(['body', 'body.name', 'body.role']);
    expect(wrong.body['message']).toContain('body.role');
    expect((await ask('/v1/tokens/nobody', { method: 'DELETE' })).body).toMatchObject({
      error: 'invalid',
      problems: [{ at: 'params.id' }],
    });
    expect((await ask('/v1/tokens?all=perhaps')).status).toBe(422);
  });

  it('refuses bodies that are no JSON, of another type, or too large', async () => {
    const { ask } = await testApi();
    const post = async (body: string, type: string) => {
      const answer = await ask('/v1/tokens', { method: 'POST', body, headers: { 'content-type': type } });
      return [answer.status, answer.body['error']];
    };
    expect(await post('{', 'application/json')).toEqual([400, 'unreadable']);
    expect(await post('name=x', 'application/x-www-form-urlencoded')).toEqual([415, 'unsupported_type']);
    const large = JSON.stringify({ name: 'x'.repeat(70_000), role: 'viewer' });
    expect(await post(large, 'application/json')).toEqual([413, 'too_large']);
  });

  it('tells an error of ours without its text, and a ledger that is away as 503', async () => {
    const { ask, db, clock, tokens } = await testApi();
    await db.run('ALTER TABLE change RENAME TO change_away');
    const failed = await ask('/v1/tokens', { method: 'POST', body: { name: 'another', role: 'viewer' } });
    expect(failed.status).toBe(500);
    expect(JSON.stringify(failed.body)).not.toContain('relation');
    const away = openDatabase({ url: 'postgres://nobody@127.0.0.1:9/none' });
    onTestFinished(() => away.close());
    const app = await apiOver({ db: away, clock });
    const headers = { authorization: `Bearer ${tokens.get('viewer')}` };
    const answer = await app.inject({ url: '/v1/me', headers });
    expect([answer.statusCode, answer.json()]).toMatchObject([503, { error: 'unavailable' }]);
  });
});

describe('tokens', () => {
  it('are told once, kept as a hash, unique by name while they live, and leave changes with who and when', async () => {
    const { ask, db, clock, tokens } = await testApi();
    const body = { name: 'console', role: 'operator' };
    const made = await ask('/v1/tokens', { method: 'POST', body });
    expect(made).toMatchObject({ status: 201, headers: { 'cache-control': 'no-store' } });
    const { token, text } = made.body as { token: { id: string }; text: string };
    expect(token).toMatchObject({
      ...body,
      createdBy: 'admin',
      createdAt: clock.now().toISOString(),
      lastUsedAt: null,
    });
    expect(await ask('/v1/tokens', { method: 'POST', body })).toMatchObject({
      status: 409,
      body: { error: 'conflict' },
    });

    const secret = text.slice(text.lastIndexOf('_', 38) + 1);
    const rows = await db.$queryRaw<{ row: string }[]>`
      SELECT to_jsonb(t)::text AS row FROM token t UNION ALL SELECT to_jsonb(c)::text FROM change c`;
    const kept = rows.map(({ row }) => row).join('\n');
    expect(kept).not.toContain(secret);
    expect(kept).not.toContain(Buffer.from(secret, 'base64url').toString('hex'));

    clock.advance(MINUTE);
    await ask(`/v1/tokens/${token.id}`, { method: 'DELETE' });
    expect((await ask(`/v1/tokens/${token.id}`, { method: 'DELETE' })).status).toBe(404);
    expect((await ask('/v1/tokens', { method: 'POST', body })).status).toBe(201);
    const changes = await db.$queryRaw<{ action: string; actor: string; at: Date }[]>`
      SELECT action, actor, at FROM change WHERE subject = 'token/console' ORDER BY at, id`;
    expect(changes.map(({ action, actor }) => [action, actor])).toEqual([
      ['token.create', 'admin'],
      ['token.revoke', 'admin'],
      ['token.create', 'admin'],
    ]);
    expect(changes[1]?.at).toEqual(clock.now());
    const { body: live } = await ask('/v1/tokens');
    expect((live['tokens'] as { name: string }[]).map(({ name }) => name)).toEqual([
      ...[...tokens.keys()].toSorted(),
      'console',
    ]);
    const { body: all } = await ask('/v1/tokens?all=true');
    expect(all['tokens']).toHaveLength(5);
  });

  it('show when they were last used, written at most once a minute', async () => {
    const { ask, db, clock } = await testApi();
    const lastUse = async () => {
      const [row] = await db.$queryRaw<
        { at: Date | null }[]
      >`SELECT last_used_at AS at FROM token WHERE name = 'viewer'`;
      return row?.at ?? null;
    };
    expect(await lastUse()).toBeNull();
    const first = clock.now();
    await ask('/v1/me', { as: 'viewer' });
    expect(await lastUse()).toEqual(first);
    clock.advance(MINUTE - 1);
    await ask('/v1/me', { as: 'viewer' });
    expect(await lastUse()).toEqual(first);
    const later = clock.advance(1);
    await ask('/v1/me', { as: 'viewer' });
    expect(await lastUse()).toEqual(later);
  });
});
