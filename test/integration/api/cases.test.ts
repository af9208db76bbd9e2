import { expect, it } from 'vitest';
import { escalateMessage } from '../../../src/ledger/lifecycles.js';
import { testApi } from '../../support/api.js';
import { incomingMessage, incomingThread } from '../../support/incoming.js';

/** The API over a ledger with one case. */
async function withCase() {
  const api = await testApi();
  const { db, clock } = api;
  await api.bind({ mode: 'live', answerFrom: new Date(0) });
  await api.list([incomingThread('t1')]);
  await api.read('t1', [incomingMessage('m1')]);
  const message = await api.carry('m1');
  await db.transaction((tx) => escalateMessage(tx, message, 'unknown_intent', clock.now()));
  const { caseId } = await api.message('m1');
  return { api, id: String(caseId), messageId: message.id };
}

it('a case is listed, shown, assigned, resolved once and opened again, in the name of the token', async () => {
  const { api, id, messageId } = await withCase();
  const post = (verb: string, body: object = {}) =>
    api.ask(`/v1/cases/${id}/${verb}`, { method: 'POST', body, as: 'operator' });
  expect((await api.ask('/v1/cases', { as: 'viewer' })).body).toMatchObject({
    cases: [{ id, state: 'open', messages: 1 }],
  });
  expect(await post('assign', { to: 'second line' })).toMatchObject({
    status: 200,
    body: { case: { owner: 'second line' } },
  });
  expect((await api.ask('/v1/cases?owner=nobody')).body).toEqual({ cases: [] });
  expect((await api.ask('/v1/cases?overdue=true')).body).toEqual({ cases: [] });
  expect(await post('resolve', { note: 'called them' })).toMatchObject({
    status: 200,
    body: { case: { state: 'resolved' } },
  });
  expect(await post('resolve')).toMatchObject({ status: 409, body: { error: 'conflict' } });
  const { body } = await api.ask(`/v1/cases/${id}`);
  expect(body).toMatchObject({
    case: { resolvedBy: 'operator', resolution: 'by_person', tookMs: 0 },
    messageIds: [messageId],
  });
  const events = body['events'] as { kind: string; actor: string }[];
  expect(events.map(({ kind, actor }) => `${kind} ${actor}`)).toEqual([
    'opened waybill',
    'assigned operator',
    'resolved operator',
  ]);
  const upper = `/v1/cases/${id.toUpperCase()}`;
  expect((await api.ask(upper)).body).toMatchObject({ case: { id } });
  expect(await post('reopen')).toMatchObject({ status: 200, body: { case: { state: 'open' } } });
  expect(await post('resolve', { note: 'n', more: 1 })).toMatchObject({ status: 422 });
  expect(JSON.stringify((await api.ask('/v1/digest')).body)).not.toMatch(/example|parcel/i);
  expect((await api.ask('/v1/hand-offs')).body).toEqual({ handOffs: [] });
});
