import { expect, it } from 'vitest';
import type { Form } from '../../../src/domain/forms.js';
import { bindForm, recordSubmission } from '../../../src/ledger/submissions.js';
import { type TestApi, testApi } from '../../support/api.js';
import { MINUTE } from '../../support/clock.js';
import { contactForm, submissionBody } from '../../support/forms.js';

type Body = Record<string, unknown>;

async function bind(api: TestApi, form: Form): Promise<void> {
  await bindForm(api.db, form, 'default', api.clock.now());
}

function submit({ db, clock, timing }: TestApi, form: Form, text: string) {
  const raw = Buffer.from(text);
  const now = clock.now();
  return recordSubmission(db, {
    form,
    by: 'webhook',
    raw,
    body: JSON.parse(text),
    deliveryId: null,
    call: null,
    now,
    timing,
  });
}

const idsOf = ({ body }: { body: Body }): string[] => (body['submissions'] as { id: string }[]).map(({ id }) => id);

it('a submission is listed and shown without its words, which an operator may read', async () => {
  const api = await testApi();
  const form = contactForm();
  await bind(api, form);
  await submit(api, form, submissionBody('sub_1', { phone: '+44 20 7946 0958' }));
  const listed = await api.ask('/v1/submissions?form=contact', { as: 'viewer' });
  const [id = ''] = idsOf(listed);
  expect(listed.body).toMatchObject({
    submissions: [
      { source: 'form.contact', way: 'direct', state: 'mapped', firstSeenBy: 'webhook', messageId: expect.any(String) },
    ],
    next: null,
  });
  const shown = await api.ask(`/v1/submissions/${id}`, { as: 'viewer' });
  expect(shown.body['submission']).toEqual((listed.body['submissions'] as Body[])[0]);
  expect(JSON.stringify([listed.body, shown.body])).not.toMatch(/parcel|customer@|7946/);
  expect((await api.ask(`/v1/submissions/${id}/fields`, { as: 'viewer' })).status).toBe(403);
  expect((await api.ask(`/v1/submissions/${id}/fields`, { as: 'operator' })).body).toMatchObject({
    fields: { email: 'customer@example.com', message: 'Where is my parcel? (sub_1)' },
    submissionRef: 'sub_1',
  });
});

it('submissions are found by form, state and time, and paged from the newest to the oldest', async () => {
  const api = await testApi();
  const [contact, other] = [contactForm(), contactForm({ name: 'other', source: 'form.other' })];
  await bind(api, contact);
  await bind(api, other);
  await submit(api, contact, submissionBody('sub_1'));
  const later = api.clock.advance(MINUTE);
  await submit(api, contact, JSON.stringify({ id: 'sub_2', fields: { email: 'nobody' } }));
  await submit(api, other, submissionBody('sub_3'));

  const all = idsOf(await api.ask('/v1/submissions'));
  expect(all).toHaveLength(3);
  const first = await api.ask('/v1/submissions?limit=2');
  expect(idsOf(await api.ask(`/v1/submissions?limit=2&before=${String(first.body['next'])}`))).toEqual(all.slice(2));
  expect(idsOf(await api.ask('/v1/submissions?form=form.other'))).toEqual(all.slice(0, 1));
  const parked = await api.ask('/v1/submissions?state=parked');
  expect(idsOf(parked)).toEqual(all.slice(1, 2));
  expect(parked.body).toMatchObject({ submissions: [{ messageId: null, problem: expect.stringContaining('email') }] });
  expect((await api.ask(`/v1/submissions/${all[1]}/fields`)).body).toMatchObject({ fields: null });
  expect(idsOf(await api.ask(`/v1/submissions?since=${later.toISOString()}`))).toEqual(all.slice(0, 2));
  expect(idsOf(await api.ask(`/v1/submissions?until=${later.toISOString()}`))).toEqual(all.slice(2));
  expect((await api.ask('/v1/submissions?state=lost')).status).toBe(422);
});
