import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { languageHint } from '../../../src/classify/language.js';
import { ACTIONS } from '../../../src/domain/actions.js';
import { CHANNELS } from '../../../src/domain/message.js';
import { ROUTES } from '../../../src/domain/states.js';
import { LANGUAGES } from '../../../src/domain/understanding.js';
import type { Facts } from '../../../src/playbooks/chooser.js';
import { chooseKept, chooserOf, unusableChooser } from '../../../src/playbooks/set-chooser.js';
import { facts, problemsOf, setOf, starterChooser } from '../../support/playbooks.js';

const book = (name: string, when: string, then = 'close', more = ''): string =>
  `name: ${name}\nwhen: { ${when} }\nthen: ${then}\n${more}`;
const choose = (files: Record<string, string>, given: Partial<Facts> = {}) =>
  chooserOf(setOf(files)).choose(facts(given));
const applies = (when: string, given: Partial<Facts>, more: Record<string, string> = {}): boolean =>
  choose({ 'a.yaml': book('a', when), ...more }, given).playbook !== null;
const email = (value: string): Facts['from'] => ({ kind: 'email', value, name: null });

const SHARED = `
calendars:
  office:
    zone: Europe/Berlin
    open:
      monday: ["09:00-12:30", "13:30-17:00"]
      sunday: "00:00-24:00"
    closed_on: ["2026-12-28"]
customers:
  vip: [example.org, Person@example.com, "+442079460000"]
`;

describe('a condition', () => {
  const table: [when: string, holds: Partial<Facts>, not: Partial<Facts>][] = [
    ['label: [refund, complaint]', { label: 'complaint' }, { label: 'delivery_status' }],
    ['route: form', { route: 'form' }, { route: null }],
    ['channel: chat', { channel: 'chat' }, { channel: 'email' }],
    ['source: dashboard', {}, { source: 'other' }],
    ['confidence: 0.8', { confidence: 0.8 }, { confidence: 0.79 }],
    ['language: [de, fr]', { language: 'fr' }, { language: null }],
    ['thread: { status: open }', {}, { threadStatus: 'pending' }],
    ['thread: { first_message: true }', {}, { isFirstMessage: false }],
    ['thread: { replies: { at_least: 1, at_most: 2 } }', { repliesSoFar: 2 }, { repliesSoFar: 3 }],
    ['customer: { domain: example.com }', { from: email('a@sales.example.com') }, { from: email('a@notexample.com') }],
    ['customer: { domain: example.com }', { from: email('A@EXAMPLE.com') }, { from: null }],
    ['customer: { list: vip }', { from: email('Person@example.com') }, { from: email('other@example.com') }],
    [
      'customer: { list: vip }',
      { from: email('x@example.org') },
      { from: { kind: 'phone', value: '+442079460001', name: null } },
    ],
    ['customer: { list: vip }', { from: { kind: 'phone', value: '+442079460000', name: null } }, {}],
    // Berlin is an hour ahead of UTC in winter and two in summer.
    [
      'hours: { calendar: office, is: open }',
      { at: new Date('2026-11-23T08:00:00Z') },
      { at: new Date('2026-11-23T07:59:00Z') },
    ],
    [
      'hours: { calendar: office, is: open }',
      { at: new Date('2026-07-06T07:00:00Z') },
      { at: new Date('2026-11-23T11:30:00Z') },
    ],
    [
      'hours: { calendar: office, is: open }',
      { at: new Date('2026-11-22T22:59:00Z') },
      { at: new Date('2026-11-23T23:00:00Z') },
    ],
    [
      'hours: { calendar: office, is: closed }',
      { at: new Date('2026-12-28T10:00:00Z') },
      { at: new Date('2026-12-21T10:00:00Z') },
    ],
  ];

  it.each(table)('%s holds for what it names and for nothing else', (when, holds, not) => {
    const shared = { 'shared.yaml': SHARED };
    expect([applies(when, holds, shared), applies(when, not, shared)]).toEqual([true, false]);
  });
});

describe('of several playbooks', () => {
  it('the one with the lowest priority number is taken, and says why it and not the others', () => {
    const files = {
      'a.yaml': book('vip', 'label: delivery_status, confidence: 0.9', 'escalate', 'priority: 10\n'),
      'b.yaml': book('usual', 'label: delivery_status', 'callback', 'priority: 20\ntags: [x]\napproval: always\n'),
      'c.yaml': book('rest', '', 'close', 'priority: 30\n'),
      'd.yaml': book('refund', 'label: refund', 'close', 'priority: 1\n'),
    };
    expect(choose(files, { confidence: 0.5 })).toEqual({
      playbook: { name: 'usual', version: expect.stringMatching(/^[0-9a-f]{12}$/) },
      action: { do: 'callback' },
      asksApproval: true,
      tags: ['x'],
      reasons: [
        'usual applies: label delivery_status',
        'not vip: it wants confidence 0.9 or more',
        'rest applies too and is asked later (priority 30 after 20)',
      ],
    });
    expect(choose(files, { confidence: 0.9 }).action).toEqual({
      do: 'escalate',
      reason: 'escalated_by_playbook',
      evidence: 'playbook vip',
    });
    expect(choose(files, { label: 'other' }).playbook?.name).toBe('rest');
  });

  it('the first by name is taken where only the customer decides whether both apply', () => {
    const files = {
      'z.yaml': book('b', 'customer: { domain: example.com }'),
      'y.yaml': book('a', 'customer: { domain: sales.example.com }', 'callback'),
    };
    const choice = choose(files, { from: email('a@sales.example.com') });
    expect(choice.playbook?.name).toBe('a');
    expect(choice.reasons[1]).toBe('b applies too and is asked later (both of priority 100, by name)');
  });

  it('none is taken where none applies, and a person gets it', () => {
    const files = { 'a.yaml': book('a', 'label: refund, confidence: 0.9') };
    expect(choose(files, { label: 'refund', confidence: 0.1 })).toMatchObject({
      playbook: null,
      action: { do: 'escalate', reason: 'no_playbook' },
      reasons: ['no playbook applies to the label refund', 'not a: it wants confidence 0.9 or more'],
    });
    expect(choose(files, { label: 'unknown' }).action).toEqual({ do: 'escalate', reason: 'unknown_intent' });
  });
});

describe('a reply', () => {
  const reply = (text: string, given: Partial<Facts> = {}, verbatim = '') =>
    choose(
      { 'a.yaml': 'name: a\nwhen: {}\nthen: { reply: { template: t' + verbatim + ' } }\n', 't.liquid': text },
      given,
    ).action;

  it('gives what a customer wrote as it stands only where the playbook declares it, and then on one line', () => {
    const from = { kind: 'email', value: 'a@example.com', name: '<b>A</b>' } as const;
    const subject = 'Re: see\r\nhttps://example.com';
    const text = '[{{ message.subject }}][{{ customer.name }}]';
    expect(reply(text, { from, subject })).toMatchObject({ text: '[][]' });
    const verbatim = ', verbatim: [message.subject, customer.name, customer.address]';
    expect(reply(`${text}[{{ customer.address }}]`, { from, subject }, verbatim)).toMatchObject({
      text: '[see https://example.com][<b>A</b>][a@example.com]',
    });
  });

  it('takes what looks like a template in a subject for text', () => {
    const action = reply(
      '{{ message.subject }}',
      { subject: 'a {{ customer.address }}' },
      ', verbatim: message.subject',
    );
    expect(action).toMatchObject({ text: 'a {{ customer.address }}' });
  });

  it('that is empty, too long, or takes too much to make is none: a person gets the message, and the reason names the template', () => {
    const unusable = (why: string) => ({ do: 'escalate', reason: 'playbook_unusable', evidence: why });
    expect(reply(' {% comment %}x{% endcomment %}\n')).toEqual(unusable('the template t gave no text'));
    expect(reply(`{% for i in (1..1001) %}${'x'.repeat(100)}{% endfor %}`)).toEqual(
      unusable('the template t gave more than 100000 characters'),
    );
    const runaway = '{% for i in (1..1000000000) %}x{% endfor %}';
    expect(reply(runaway)).toEqual(unusable('the template t could not be rendered'));
  });

  it('reads nothing but the values of the message, whatever a name is inherited from', () => {
    for (const text of ['{{ message.constructor }}', '{{ message.__proto__ }}', '{{ customer.toString }}'])
      expect(() => reply(text)).toThrow('there is no variable');
  });
});

describe('a version', () => {
  const files = {
    'a.yaml': 'name: a\nwhen: {}\nthen: { reply: { template: t } }\n',
    't.liquid': "{% render 'p' %}",
    'p.liquid': 'one',
  };
  const versionOf = (given: Record<string, string>) => setOf(given).playbooks[0]?.version;

  it('changes with every file that the playbook uses, and with no other', () => {
    const version = versionOf(files);
    expect(versionOf({ ...files, 'p.liquid': 'two' })).not.toBe(version);
    expect(versionOf({ ...files, 'a.yaml': `${files['a.yaml']}# why\n` })).not.toBe(version);
    const { 'a.yaml': yaml, ...rest } = files;
    expect(versionOf({ 'renamed.yaml': yaml, ...rest, 'q.liquid': 'x', 'shared.yaml': SHARED })).toBe(version);
  });

  it('that was recorded does later what it did then, whether or not its conditions still hold', () => {
    const yaml =
      'name: a\nwhen: { hours: { calendar: office, is: open } }\nthen: { reply: { template: t } }\ntags: [x]\n';
    const [playbook] = setOf({ ...files, 'a.yaml': yaml, 'shared.yaml': SHARED }).playbooks;
    if (!playbook) throw new Error('no playbook');
    const stored = JSON.parse(JSON.stringify(playbook.content)) as typeof playbook.content;
    expect(chooseKept(stored, facts())).toMatchObject({
      playbook: { name: 'a', version: playbook.version },
      action: { do: 'reply', template: 't', text: 'one' },
      tags: ['x'],
    });
    expect(chooseKept({ ...stored, yaml: 'nonsense' }, facts())).toBeNull();
  });
});

describe('choosing', () => {
  const anyFacts: fc.Arbitrary<Facts> = fc.record({
    source: fc.string(),
    channel: fc.constantFrom(...(Object.keys(CHANNELS) as Facts['channel'][])),
    route: fc.constantFrom(null, ...(Object.keys(ROUTES) as NonNullable<Facts['route']>[])),
    label: fc.oneof(
      fc.constantFrom('delivery_status', 'password_reset', 'refund', 'unknown', '__proto__'),
      fc.string(),
    ),
    confidence: fc.double({ noNaN: false }),
    language: fc.constantFrom(null, ...(Object.keys(LANGUAGES) as NonNullable<Facts['language']>[])),
    from: fc.oneof(
      fc.constant(null),
      fc.record({
        kind: fc.constantFrom('email', 'phone', 'handle', 'unreadable'),
        value: fc.string({ unit: 'binary' }),
        name: fc.option(fc.string({ unit: 'binary' })),
      }),
    ),
    subject: fc.option(fc.string({ unit: 'binary', maxLength: 300 })),
    text: fc.string({ unit: 'binary' }),
    threadStatus: fc.string(),
    isFirstMessage: fc.boolean(),
    repliesSoFar: fc.nat(),
    at: fc.date({ noInvalidDate: false }),
  });
  const own = chooserOf(
    setOf({
      'a.yaml': book(
        'a',
        'hours: { calendar: office, is: open }, customer: { list: vip }',
        'escalate',
        'priority: 1\n',
      ),
      'b.yaml': 'name: b\nwhen: {}\nthen: { reply: { text: "{{ message.subject }}{{ customer.name | upcase }} x" } }\n',
      'shared.yaml': SHARED,
    }),
  );

  it('never throws, and gives an action of the closed list, whatever the message is', () => {
    const choosers = [starterChooser(), own, unusableChooser('x')];
    fc.assert(
      fc.property(anyFacts, (given) => {
        for (const chooser of choosers) {
          const { action, playbook } = chooser.choose(given);
          expect(Object.keys(ACTIONS)).toContain(action.do);
          if (action.do === 'reply') expect(action.text.length).toBeGreaterThan(0);
          if (playbook === null) expect(action.do).toBe('escalate');
        }
      }),
    );
  });

  it('gives reasons that hold nothing of the message', () => {
    const secret = 'Zq7-canary';
    const given = facts({
      subject: secret,
      text: secret,
      from: { kind: 'email', value: `${secret}@example.com`, name: secret },
    });
    for (const chooser of [starterChooser(), own]) expect(chooser.choose(given).reasons.join()).not.toContain(secret);
  });
});

describe('the hint of a language', () => {
  it('knows clear sentences and says nothing of short or mixed ones', () => {
    expect(languageHint('Where is my order? I have not received it and the tracking does not work.')).toBe('en');
    expect(
      languageHint('Ich habe meine Bestellung noch nicht erhalten, können Sie mir bitte helfen? Wo ist sie?'),
    ).toBe('de');
    expect(languageHint("Bonjour, je n'ai pas reçu ma commande, quand est-ce que vous allez la livrer ?")).toBe('fr');
    expect(languageHint('Hola, no he recibido el pedido que hice, ¿cuando llega? Gracias por la ayuda')).toBe('es');
    for (const text of ['', 'ok', 'PIN 1234', '注文はどこですか']) expect(languageHint(text)).toBeNull();
  });
});

it('a partial that is named without a blank before it belongs to its version, and one that is not there is told', () => {
  const files = (text: string) => ({
    'a.yaml': 'name: a\nwhen: {}\nthen: { reply: { template: t } }\n',
    't.liquid': text,
    'open.liquid': 'Hello',
  });
  const set = setOf(files("{% render'open' %}, and goodbye."));
  const content = set.playbooks[0]?.content;
  if (!content) throw new Error('no playbook');
  expect(Object.keys(content.templates)).toEqual(['open.liquid', 't.liquid']);
  expect(chooseKept(content, facts())?.action).toMatchObject({ do: 'reply', text: 'Hello, and goodbye.' });
  expect(problemsOf(files('{%render"gone"%}'))).toEqual([
    't.liquid:1:1: there is no template gone; use one of open, t',
  ]);
});
