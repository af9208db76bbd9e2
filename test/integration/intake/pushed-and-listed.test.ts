import { describe, expect, it } from 'vitest';
import type { Form } from '../../../src/domain/forms.js';
import { openCall } from '../../../src/ledger/calls.js';
import { openFormRound, recordSubmissionPage } from '../../../src/ledger/form-rounds.js';
import { bindForm, recordSubmission } from '../../../src/ledger/submissions.js';
import { HOUR, iso } from '../../support/clock.js';
import { contactForm } from '../../support/forms.js';
import { testLedger } from '../../support/ledger.js';

const { submission_id: _, ...unnamed } = contactForm().fields;
const LIST = { by: 'list', url: 'http://127.0.0.1/', token: null, ratePerSecond: 1 } as const;
/** A vendor that gives its submissions no id. */
const form: Form = contactForm({
  fields: unnamed,
  reconciliation: { ...LIST, items: 'items', cursor: 'next', body: '' },
});

async function withForm() {
  const ledger = await testLedger();
  const { db, clock, timing } = ledger;
  await bindForm(db, form, 'main', clock.now());
  const push = (body: object) => {
    const raw = Buffer.from(JSON.stringify(body));
    const arrival = { form, by: 'webhook', raw, body, deliveryId: null, call: null } as const;
    return recordSubmission(db, { ...arrival, now: clock.now(), timing });
  };
  const list = async (rows: unknown[], runId = 'run 1') => {
    const now = clock.now();
    const { id: roundId } = await openFormRound(db, { form, now, timing, runId });
    const request = { source: form.source, operation: 'listSubmissions', parameters: {}, roundId } as const;
    const call = await openCall(db, { ...request, readingId: null, page: 0, attempt: 1, now });
    return recordSubmissionPage(db, call, { status: 200, rows, nextCursor: null }, { form, roundId, now, timing });
  };
  return { ledger, push, list };
}

const said = (message: string, more: object = {}) => ({
  ...more,
  fields: { email: 'customer@example.com', message, ...(more as { fields?: object }).fields },
});

describe('a list of a vendor', () => {
  it('is read to its end although a row of it is nested deeper than anything can follow', async () => {
    const { ledger, list } = await withForm();
    const deep: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    const rows = [said('Where is my parcel?'), { fields: { email: 'a@example.com', message: deep } }, said('Hello?')];
    expect(await list(rows)).toMatchObject({ rows: 3, stored: 2, parked: 1, next: 'end' });
    expect(await list(rows, 'run 2')).toMatchObject({ known: 3 });
    expect(await ledger.count('park')).toBe(1);
  });

  it('shows nothing new where it says more of a submission than its webhook did, though it has no id', async () => {
    const { ledger, push, list } = await withForm();
    await push(said('Where is my parcel?'));
    const row = said('Where is my parcel?', { created_at: iso(60_000), number: 1 });
    expect(await list([row])).toMatchObject({ known: 1, stored: 0 });
    expect(await list([row], 'run 2')).toMatchObject({ known: 1, stored: 0 });
    expect(await ledger.count('message')).toBe(1);
    expect(await ledger.db.$queryRaw`SELECT pushed_at = listed_at AS both FROM submission`).toEqual([{ both: true }]);
  });

  it('is followed by a late webhook of the same, and that is nothing new either', async () => {
    const { ledger, push, list } = await withForm();
    await list([said('Where is my parcel?', { created_at: iso() })]);
    expect((await push(said('Where is my parcel?'))).kind).toBe('known');
    expect((await push(said('Where is my other parcel?'))).kind).toBe('stored');
    expect(await ledger.count('message')).toBe(2);
  });

  it('shows another one where the same words were written at another time', async () => {
    const { ledger, push, list } = await withForm();
    await push(said('Where is my parcel?', { created_at: iso() }));
    ledger.clock.advance(5 * HOUR);
    const rows = [0, 4 * HOUR].map((at) => said('Where is my parcel?', { created_at: iso(at), number: at }));
    expect(await list(rows)).toMatchObject({ known: 1, stored: 1 });
    expect(await ledger.count('message')).toBe(2);
  });
});
