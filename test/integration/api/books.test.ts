import { describe, expect, it } from 'vitest';
import { recordChange } from '../../../src/ledger/changes.js';
import { recordChoice, recordUnderstanding } from '../../../src/ledger/decisions.js';
import { testApi } from '../../support/api.js';
import { HOUR, MINUTE } from '../../support/clock.js';
import { incomingMessage, incomingThread } from '../../support/incoming.js';

describe('GET /v1/messages/:id', () => {
  it('tells state, decision and events, and nothing that a customer or a provider wrote', async () => {
    const { ask, db, clock, bind, list, read, carry } = await testApi();
    await bind({ firstMode: 'live', answerFrom: new Date(clock.now().getTime() - 2 * HOUR) });
    await list([incomingThread('t1', { subject: 'planted-subject' })]);
    const planted = incomingMessage('planted-id', {
      subject: 'planted-subject',
      text: 'planted-text',
      from: { kind: 'email', value: 'planted-sender@example.com', name: 'planted-name' },
      messageIdHeader: '<planted-header@example.com>',
    });
    await read('t1', [planted]);
    const message = await carry('planted-id');
    const now = clock.now();
    const understood = { label: 'order_status', confidence: 0.9, classifier: 'rules/1', reasons: ['rule parcel'] };
    await recordUnderstanding(db, message, understood, now);
    const action = { do: 'escalate', reason: 'no_playbook' } as const;
    await recordChoice(
      db,
      message,
      { playbook: null, action, asksApproval: false, tags: [], reasons: [] },
      'live',
      now,
    );
    const { status, body } = await ask(`/v1/messages/${message.id}`, { as: 'viewer' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      verdict: 'in flight',
      message: { id: message.id, state: 'carried', originAt: planted.originAt },
      decision: { label: 'order_status', action: 'escalate', mode: 'live' },
      workflowId: `message/dashboard/${message.id}`,
    });
    expect((body['events'] as { kind: string }[]).map(({ kind }) => kind)).toEqual([
      'recorded',
      'carried',
      'classified',
      'decided',
    ]);
    expect(JSON.stringify(body)).not.toContain('planted');
    expect((await ask(`/v1/messages/${message.id.toUpperCase()}`)).status).toBe(200);
    expect((await ask('/v1/messages/planted-id')).status).toBe(422);
  });
});

describe('GET /v1/balance', () => {
  it('checks the books, once for all who ask at the same time', async () => {
    const { ask, bind, list, read } = await testApi();
    await bind();
    await list([incomingThread('t1')]);
    await read('t1', [incomingMessage('m1')]);
    const answers = await Promise.all([ask('/v1/balance'), ask('/v1/balance', { as: 'operator' })]);
    for (const { status, body } of answers) expect([status, body['balanced']]).toEqual([200, true]);
  });
});

describe('GET /v1/changes', () => {
  it('pages through all changes, each once, the newest first, also where many share an instant', async () => {
    const { ask, db, clock } = await testApi();
    const expected: string[] = ['token/viewer', 'token/operator', 'token/admin'];
    for (let index = 0; index < 7; index++) {
      if (index % 3 === 0) clock.advance(MINUTE);
      const subject = `source/${index}`;
      await recordChange(db, { actor: 'cli:test', action: 'mode.set', subject, detail: { index }, now: clock.now() });
      expected.push(subject);
    }
    const seen: string[] = [];
    let before: string | null = null;
    do {
      const { body } = await ask(`/v1/changes?limit=3${before === null ? '' : `&before=${before}`}`);
      seen.push(...(body['changes'] as { subject: string }[]).map(({ subject }) => subject));
      before = body['next'] as string | null;
    } while (before !== null);
    expect(seen).toEqual(expected.toReversed());
    const { body } = await ask(`/v1/changes?since=${clock.now().toISOString()}`);
    expect(body['changes']).toMatchObject([{ subject: 'source/6', actor: 'cli:test', detail: { index: 6 } }]);
    expect(body['next']).toBeNull();
  });

  it.each(['limit=0', 'limit=501', 'before=yesterday', 'since=yesterday', 'before=2026-99-99T00:00:00.000Z_x', 'x=1'])(
    'refuses ?%s',
    async (query) => {
      const { ask } = await testApi();
      expect((await ask(`/v1/changes?${query}`)).body['error']).toBe('invalid');
    },
  );
});
