import { expect, it } from 'vitest';
import { newestPart } from '../../../src/classify/rules.js';
import { storedWords } from '../../../src/delivery/deciding-words.js';
import type { IncomingMessage } from '../../../src/domain/message.js';
import { correspondentOf } from '../../../src/ledger/outbox.js';
import { chooserOf } from '../../../src/playbooks/set-chooser.js';
import { makePrompt } from '../../../src/sources/model/question.js';
import { HOUR, iso } from '../../support/clock.js';
import { contactForm } from '../../support/forms.js';
import { incomingMessage, incomingThread } from '../../support/incoming.js';
import { setOf, starterChooser } from '../../support/playbooks.js';
import { deciding, QUESTION } from './deciding.js';

const MAILER = 'website@example.com';
const REPLIES = { 'a.yaml': 'name: a\nwhen: {}\nthen: { reply: { text: We look into it. } }\n' };
const form = (from: string, words = QUESTION): Partial<IncomingMessage> => ({
  from: { kind: 'email', value: MAILER, name: 'Website' },
  headers: { 'auto-submitted': 'auto-generated' },
  text: `Name: A customer\nEmail: ${from}\nMessage: ${words}`,
});

async function withForms(playbooks = chooserOf(setOf(REPLIES))) {
  const test = await deciding({ forms: [contactForm({ mailers: [MAILER] })], playbooks });
  const arrives = async (id: string, more: Partial<IncomingMessage>): Promise<string> => {
    const providerThreadId = `thread of ${id}`;
    await test.list([incomingThread(providerThreadId)]);
    await test.read(providerThreadId, [incomingMessage(id, { providerThreadId, originAt: iso(-HOUR), ...more })]);
    return (await test.message(id)).id;
  };
  return { ...test, arrives };
}

it('a form that came by mail is answered by a person: a reply would go to its mailer, and its headers are those of a machine', async () => {
  const test = await withForms();
  const id = await test.arrives('m1', form('customer@example.com'));
  expect(await test.carryOn(id)).toMatchObject({ disposition: 'escalated', reason: 'channel_without_reply' });
  expect(await test.evidence(id)).toBe('a form that came by mail: its sender is the mailer');
  expect(test.server.posts).toEqual([]);
});

it.each([
  ['the headers of a machine', { 'auto-submitted': 'auto-generated', 'list-id': '<website.example.com>' }],
  ['the headers of a person', {}],
])(
  'a mail of its mailer in which no form is recognised, with %s, is closed by nobody and answered by a person',
  async (_, headers) => {
    const unread = {
      ...form('customer@example.com'),
      headers,
      text: `Anliegen: ${QUESTION}\nVon: customer at example.com`,
    };
    const test = await withForms();
    const id = await test.arrives('m1', unread);
    expect(await test.carryOn(id)).toMatchObject({ disposition: 'escalated', reason: 'channel_without_reply' });
    expect(await test.evidence(id)).toBe('its sender is the mailer of a form');
    const starter = await withForms(starterChooser());
    const other = await starter.arrives('m1', { ...unread, text: 'Anliegen: a new colour' });
    expect(await starter.carryOn(other)).toMatchObject({ disposition: 'escalated', reason: 'unknown_intent' });
  },
);

it('its correspondent is the customer who filled it in, the same as in a mail of their own', async () => {
  const test = await withForms();
  const first = await test.arrives('m1', form('Customer@Example.com'));
  const second = await test.arrives('m2', form('other@example.com'));
  const own = await test.arrives('m3', {
    from: { kind: 'email', value: 'customer@example.com', name: null },
  });
  for (const id of [first, second, own]) await test.takeUp(id);
  const [one, other, direct] = await Promise.all([first, second, own].map((id) => correspondentOf(test.db, id)));
  expect(one).toMatch(/^[0-9a-f]{64}$/);
  expect(one).toBe(direct);
  expect(other).not.toBe(one);
});

it('a language model and the classifiers that learn are given what stands in its fields, and no address of it', async () => {
  const test = await withForms();
  const id = await test.arrives('m1', form('customer@example.com', 'The dodo is late.'));
  await test.takeUp(id);
  const { version, ...words } = await storedWords(test.db, id);
  expect({ version, text: words.text }).toEqual({ version: 1, text: 'The dodo is late.' });
  const { subject, text } = words;
  const asked = JSON.stringify(makePrompt({ labels: ['refund'], subject, text: newestPart(text) }));
  expect(asked).toContain('dodo');
  expect(asked).not.toMatch(/@|Email:/);
});
