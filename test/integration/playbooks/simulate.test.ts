import { expect, it } from 'vitest';
import { simulatePlaybooks } from '../../../src/assurance/simulate-playbooks.js';
import { createChain } from '../../../src/classify/chain.js';
import { createModelLink } from '../../../src/classify/model-link.js';
import { rulesLink } from '../../../src/classify/rules-link.js';
import { noteModelAnswer } from '../../../src/ledger/model-answers.js';
import { bindForm, recordSubmission } from '../../../src/ledger/submissions.js';
import { chooserOf } from '../../../src/playbooks/set-chooser.js';
import { DAY, HOUR, iso } from '../../support/clock.js';
import { contactForm, submissionBody } from '../../support/forms.js';
import { incomingMessage, incomingThread, outgoingMessage } from '../../support/incoming.js';
import { testLedger } from '../../support/ledger.js';
import { lifecycleOf } from '../../support/lifecycle.js';
import { setOf, starterChooser } from '../../support/playbooks.js';

const TABLES = [
  'message',
  'lifecycle_event',
  'decision',
  'outbox',
  'case',
  'marker',
  'playbook_version',
  'alarm',
  'change',
];
const DELIVERY = 'Where is my order? It has not arrived.';

it('tells what the playbooks of now would choose, and where that differs from what was decided, and writes nothing', async () => {
  const ledger = await testLedger();
  const { db, clock } = ledger;
  await ledger.bind({ firstMode: 'live', answerFrom: new Date(0) });
  const threads = ['t1', 't2', 't3', 't4', 't5'];
  await ledger.list(threads.map((id) => incomingThread(id)));
  const texts = [DELIVERY, DELIVERY, 'I want my money back, please refund me.', 'Something about a door.', DELIVERY];
  for (const [index, id] of threads.entries())
    await ledger.read(id, [
      incomingMessage(`m${index + 1}`, {
        providerThreadId: id,
        originAt: iso(-HOUR),
        text: texts[index] ?? null,
        headers: index === 4 ? { 'list-id': 'x' } : {},
      }),
    ]);
  clock.advance(HOUR);
  const lifecycle = lifecycleOf(ledger, starterChooser());
  for (const id of ['m1', 'm3', 'm4']) await lifecycle.decide(id);
  // What a playbook is not asked about: an answer of a person stands below it.
  await ledger.list([incomingThread('t6', { createdAt: iso(-HOUR) })]);
  await ledger.read('t6', [
    incomingMessage('old', { providerThreadId: 't6', originAt: iso(-HOUR), text: DELIVERY }),
    outgoingMessage('answer', { providerThreadId: 't6', originAt: iso(-HOUR / 2) }),
  ]);

  const before = await Promise.all(TABLES.map((table) => ledger.count(table)));
  const set = setOf({
    'a.yaml': 'name: parcel\nwhen: { label: delivery_status, thread: { first_message: true } }\nthen: callback\n',
    'b.yaml': 'name: refund\nwhen: { label: refund }\nthen: escalate\n',
  });
  const options = {
    since: new Date(0),
    source: null,
    chain: createChain([rulesLink]),
    ownAddresses: new Set<string>(),
    forms: [],
  };
  const simulation = await simulatePlaybooks(db, { ...options, chooser: chooserOf(set) });
  const [m1, m2, m3, m4, old] = await Promise.all(
    ['m1', 'm2', 'm3', 'm4', 'old'].map(async (id) => (await ledger.message(id)).id),
  );
  expect(simulation).toEqual({
    messages: 6,
    notDecided: { bulk_mail: 1 },
    chosen: [
      { playbook: 'parcel', action: 'callback', reason: null, count: 3, examples: [m1, m2, old] },
      { playbook: 'refund', action: 'escalate', reason: 'escalated_by_playbook', count: 1, examples: [m3] },
      { playbook: null, action: 'escalate', reason: 'unknown_intent', count: 1, examples: [m4] },
    ],
    same: 2,
    differences: [
      {
        was: { playbook: 'delivery_status', action: 'reply' },
        now: { playbook: 'parcel', action: 'callback' },
        count: 1,
        examples: [m1],
      },
    ],
    undecidedThen: 2,
    modelUnasked: 0,
  });
  expect(await Promise.all(TABLES.map((table) => ledger.count(table)))).toEqual(before);

  // The language model has its turn where the rules know nothing: what it said before counts, and it is not asked now.
  const model = createModelLink({ classifier: 'model:test', labels: ['refund'] });
  const asked = { ...options, chain: createChain([rulesLink, model]), chooser: chooserOf(set) };
  expect(await simulatePlaybooks(db, asked)).toMatchObject({
    modelUnasked: 1,
    chosen: expect.arrayContaining([
      { playbook: null, action: 'escalate', reason: 'abstained', count: 1, examples: [m4] },
    ]),
  });
  await noteModelAnswer(
    db,
    { messageId: m4 ?? '', bodyVersion: 1 },
    { label: 'refund', reason: 'chosen', classifier: 'model:test' },
    { callId: m4 ?? '', now: clock.now() },
  );
  expect(await simulatePlaybooks(db, asked)).toMatchObject({
    modelUnasked: 0,
    chosen: expect.arrayContaining([expect.objectContaining({ playbook: 'refund', count: 2, examples: [m3, m4] })]),
  });

  const later = { ...options, chooser: chooserOf(set), since: new Date(clock.now().getTime() + DAY) };
  expect(await simulatePlaybooks(db, later)).toMatchObject({ messages: 0 });
  expect(await simulatePlaybooks(db, { ...options, chooser: chooserOf(set), source: 'other' })).toMatchObject({
    messages: 0,
  });
});

it('takes a form for what it is, by webhook and by mail, also where nothing was taken up', async () => {
  const ledger = await testLedger();
  const { db, clock, timing } = ledger;
  const form = contactForm({ mailers: ['website@example.org'] });
  await ledger.bind({ firstMode: 'observe' });
  await ledger.list([incomingThread('t1'), incomingThread('t2')]);
  const mailed = (id: string, text: string) =>
    ledger.read(id === 'm1' ? 't1' : 't2', [
      incomingMessage(id, {
        providerThreadId: id === 'm1' ? 't1' : 't2',
        from: { kind: 'email', value: 'website@example.org', name: null },
        headers: { 'auto-submitted': 'auto-generated' },
        text,
      }),
    ]);
  await mailed('m1', `Name: A customer\nEmail: customer@example.com\nMessage: ${DELIVERY}`);
  await mailed('m2', `Anliegen: ${DELIVERY}`);
  await bindForm(db, form, 'main', clock.now());
  const raw = submissionBody('s1', { message: DELIVERY, callback: 'yes', phone: '+442079460958' });
  const arrival = { form, by: 'webhook', raw: Buffer.from(raw), body: JSON.parse(raw) as unknown } as const;
  await recordSubmission(db, { ...arrival, deliveryId: null, call: null, now: clock.now(), timing });
  const set = setOf({
    'a.yaml': 'name: form\nwhen: { label: delivery_status, route: form }\nthen: escalate\n',
    'b.yaml': 'name: call\nwhen: { label: delivery_status, route: callback }\nthen: callback\n',
    'c.yaml': 'name: mail\nwhen: { label: delivery_status, route: email }\nthen: escalate\n',
  });
  const simulation = await simulatePlaybooks(db, {
    since: new Date(0),
    source: null,
    chain: createChain([rulesLink]),
    chooser: chooserOf(set),
    ownAddresses: new Set(['website@example.org']),
    forms: [form],
  });
  expect(simulation.notDecided).toEqual({});
  expect(Object.fromEntries(simulation.chosen.map(({ playbook, count }) => [playbook, count]))).toEqual({
    form: 1,
    call: 1,
    mail: 1,
  });
});
