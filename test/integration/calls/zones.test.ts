import { expect, it } from 'vitest';
import type { Fields } from '../../../src/domain/forms.js';
import { readMessage } from '../../../src/ledger/lifecycles.js';
import { recordMailedSubmission } from '../../../src/ledger/same-submission.js';
import { contactForm } from '../../support/forms.js';
import { phoneWorld } from '../../support/phone-world.js';

const NOBODY: Fields = {
  ...{ email: null, name: null, phone: null, subject: null, message: null, language: null },
  ...{ submissionId: null, sequence: null, submittedAt: null, wantsCallback: true },
};
/** Noon in London is 21:00 in Tokyo: the call waits until it is nine there. */
const NINE_IN_TOKYO = '2026-03-03T00:00:00.000Z';

async function asked() {
  const world = await phoneWorld();
  /** A request for a call, which its form mapped to these fields. */
  const askBy = async (id: string, fields: Partial<Fields>): Promise<string> => {
    const messageId = await world.ask(id);
    const message = await readMessage(world.db, messageId);
    const all = { ...NOBODY, ...fields };
    await recordMailedSubmission(world.db, contactForm(), message, all, world.clock.now());
    return messageId;
  };
  return { ...world, askBy };
}

it('the zone that a form names is that of the call', async () => {
  const { askBy, decide } = await asked();
  const id = await askBy('m1', { phone: '+44 20 7946 0001', timeZone: 'Asia/Tokyo' });
  expect(await decide(id)).toMatchObject({ for: 'business_hours', until: NINE_IN_TOKYO });
});

it('a zone that does not exist counts as none', async () => {
  const { askBy, decide } = await asked();
  const id = await askBy('m1', { phone: '+44 20 7946 0001', timeZone: 'The Moon' });
  expect(await decide(id)).toMatchObject({ for: 'callback' });
});

it('the zone that a customer named before is known by the address or the number, and not of another customer', async () => {
  const { askBy, decide } = await asked();
  await askBy('m1', { email: 'traveller@example.com', phone: '+44 20 7946 0001', timeZone: 'Asia/Tokyo' });
  const same = await askBy('m2', { email: 'Traveller@Example.com', phone: '+44 20 7946 0002' });
  expect(await decide(same)).toMatchObject({ for: 'business_hours', until: NINE_IN_TOKYO });
  const number = await askBy('m3', { email: 'other@example.com', phone: '+44 (20) 7946-0001' });
  expect(await decide(number)).toMatchObject({ for: 'business_hours', until: NINE_IN_TOKYO });
  const stranger = await askBy('m4', { email: 'stranger@example.com', phone: '+44 20 7946 0003' });
  expect(await decide(stranger)).toMatchObject({ for: 'callback' });
});

it('a number without a country code is read in the country of its form', async () => {
  const { askBy, decide, deps, call } = await asked();
  const setup = deps.calling;
  if (!setup) throw new Error('nobody is called');
  setup.region = null;
  setup.formRegions = new Map([['form.contact', 'GB']]);
  const id = await askBy('m1', { phone: '020 7946 0001' });
  await decide(id);
  expect(await call(id)).toMatchObject({ toNumber: '+442079460001' });
});
