import { describe, expect, it } from 'vitest';
import { listParks, resolvePark } from '../../../src/ledger/park-book.js';
import { remapSubmissions } from '../../../src/ledger/remap-submissions.js';
import { bindForm, recordSubmission } from '../../../src/ledger/submissions.js';
import { MINUTE } from '../../support/clock.js';
import { contactForm } from '../../support/forms.js';
import { testLedger } from '../../support/ledger.js';

/** As configured, and as the vendor sends after a change on their side. */
const FORM = contactForm();
const fits = (id: string) => ({ id, fields: { email: 'customer@example.com', message: `A question (${id})` } });
const unfit = (id: string) => ({ id, answers: { email: 'canary@example.com', message: `A question (${id})` } });

async function taking() {
  const ledger = await testLedger();
  const { db, clock, timing } = ledger;
  await bindForm(db, FORM, 'main', clock.now());
  const push = async (body: object): Promise<string> => {
    clock.advance(MINUTE);
    const arrival = { form: FORM, by: 'webhook', raw: Buffer.from(JSON.stringify(body)), body } as const;
    const recorded = await recordSubmission(db, { ...arrival, deliveryId: null, call: null, now: clock.now(), timing });
    return recorded.kind;
  };
  const pushAll = async (bodies: object[]): Promise<string[]> => {
    const kinds: string[] = [];
    for (const body of bodies) kinds.push(await push(body));
    return kinds;
  };
  const alarms = () =>
    db.$queryRaw<{ source: string; subject: string; state: string; evidence: unknown }[]>`
      SELECT source, subject, state, evidence FROM alarm WHERE kind = 'mass_parking'`;
  return { ...ledger, push, pushAll, alarms };
}
const many = (count: number, make: (id: string) => object, from = 1) =>
  Array.from({ length: count }, (_, index) => make(`s${from + index}`));

describe('a form whose submissions suddenly do not fit it', () => {
  it('raises an alarm that names the fields and quotes nobody, while every submission is taken and kept', async () => {
    const { pushAll, alarms, count } = await taking();
    await pushAll(many(60, fits));
    expect(await pushAll(many(4, unfit, 100))).toEqual(['parked', 'parked', 'parked', 'parked']);
    expect(await alarms()).toEqual([]);
    expect(await pushAll(many(3, unfit, 200))).toEqual(['parked', 'parked', 'parked']);
    const [alarm, ...others] = await alarms();
    expect(others).toEqual([]);
    expect(alarm).toMatchObject({ source: 'form.contact', subject: 'submissions', state: 'open' });
    expect(alarm?.evidence).toMatchObject({ problems: ['email: is missing; message: is missing'] });
    expect(JSON.stringify(alarm)).not.toMatch(/canary|@/);
    expect(await count('submission')).toBe(67);
    expect(await count('park')).toBe(7);
  });

  it('is quenched once what lies parked was read again', async () => {
    const { pushAll, alarms, db, clock, timing } = await taking();
    await pushAll(many(6, unfit));
    expect(await alarms()).toMatchObject([{ state: 'open' }]);
    const mended = { ...FORM, fields: { ...FORM.fields, email: 'answers.email', message: 'answers.message' } };
    const which = (await listParks(db, { source: null, reason: null, state: 'parked' })).map(({ id }) => id);
    clock.advance(MINUTE);
    expect(await remapSubmissions(db, { forms: [mended], which, now: clock.now(), timing })).toMatchObject({
      mapped: 6,
    });
    expect(await alarms()).toMatchObject([{ state: 'quenched' }]);
  });

  it('is none where a person has settled what does not fit, nor where few of many do not', async () => {
    const { push, pushAll, alarms, db, clock } = await taking();
    for (const body of many(8, unfit)) {
      await push(body);
      const [park] = await listParks(db, { source: null, reason: null, state: 'parked' });
      await resolvePark(db, { id: park?.id ?? '', by: 'tests', note: 'seen', now: clock.now() });
    }
    for (let round = 0; round < 8; round++)
      await pushAll([...many(5, fits, 100 + round * 5), ...many(1, unfit, 500 + round)]);
    expect(await alarms()).toEqual([]);
  });
});
