import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LABELS } from '../../../src/classify/labels.js';
import { readCases } from '../../../src/playbooks/cases.js';
import { loadFolder, STARTER_FOLDER } from '../../../src/playbooks/folder.js';
import { playbookKeys, sharedKeys } from '../../../src/playbooks/format.js';
import { readSet } from '../../../src/playbooks/playbook-set.js';
import { problemsOf } from '../../support/playbooks.js';

const GOOD = 'name: a\nwhen:\n  label: refund\nthen: close\n';
/** Files with a fault each, and how every problem of them is told. */
const FAULTS: Record<string, [files: Record<string, string>, told: string[]]> = {
  'YAML that cannot be parsed': [
    { 'a.yaml': 'name: a\nwhen: [x\n' },
    ['a.yaml:3:1: Flow sequence in block collection must be sufficiently indented and end with a ]; mend the YAML'],
  ],
  'a key twice': [{ 'a.yaml': `${GOOD}name: b\n` }, ['a.yaml:5:1: Map keys must be unique; mend the YAML']],
  'an alias': [
    { 'a.yaml': 'name: &n a\nwhen: {}\nthen: close\ntags: [*n]\n' },
    [
      'a.yaml:1:10: anchors and aliases are not read; write it out',
      'a.yaml:4:8: anchors and aliases are not read; write it out',
    ],
  ],
  'an empty file': [{ 'a.yaml': '\n' }, ['a.yaml:1:1: the file is empty; write what it is to hold, or delete it']],
  'no playbook at all': [
    {},
    ['.:1:1: the folder holds no playbook; put a file NAME.yaml into it, or name another folder'],
  ],
  'a key that does not exist': [
    { 'a.yaml': 'name: a\nwhen:\n  lable: refund\nthen: close\n' },
    [
      'a.yaml:3:3: `when.lable` is not known; use one of label, route, channel, source, confidence, language, thread, customer, hours',
    ],
  ],
  'a key that is missing': [{ 'a.yaml': 'name: a\nthen: close\n' }, ['a.yaml:1:1: `when` is missing; add it']],
  'a value of another type': [
    { 'a.yaml': 'name: a\npriority: high\nwhen:\n  confidence: "0.5"\nthen: close\n' },
    [
      'a.yaml:2:11: `priority` cannot be read; write a number',
      'a.yaml:4:15: `when.confidence` cannot be read; write a number',
    ],
  ],
  'a route that does not exist': [
    { 'a.yaml': 'name: a\nwhen:\n  route: [email, fax]\nthen: close\n' },
    ['a.yaml:3:18: `when.route.1` cannot be read; write one of email, form, callback, chat'],
  ],
  'a confidence beyond 1': [
    { 'a.yaml': 'name: a\nwhen:\n  confidence: 90\nthen: close\n' },
    ['a.yaml:3:15: `when.confidence` cannot be read; write a number from 0 to 1'],
  ],
  'replies that no thread can have': [
    { 'a.yaml': 'name: a\nwhen:\n  thread:\n    replies: { at_least: 3, at_most: 1 }\nthen: close\n' },
    ['a.yaml:4:14: `when.thread.replies` cannot be read; let `at_least` be no more than `at_most`'],
  ],
  'an action that does not exist': [
    { 'a.yaml': 'name: a\nwhen: {}\nthen: delete\n' },
    ['a.yaml:3:7: `then.delete` is not known; use one of reply, callback, hand_off, close, escalate'],
  ],
  'two actions': [
    { 'a.yaml': 'name: a\nwhen: {}\nthen:\n  close:\n  escalate:\n' },
    ['a.yaml:4:3: `then` cannot be read; name exactly one of reply, callback, hand_off, close, escalate'],
  ],
  'a reply without a text': [
    { 'a.yaml': 'name: a\nwhen: {}\nthen: reply\n' },
    ['a.yaml:3:7: `then.reply` cannot be read; give it either a `template` or a `text`'],
  ],
  'a label that no classifier gives': [
    { 'a.yaml': 'name: a\nwhen:\n  label:\n    - refund\n    - refnud\nthen: close\n' },
    [
      `a.yaml:5:7: warning: no classifier gives the label refnud; use one of ${Object.keys(LABELS).join(', ')}, or train a classifier that gives it`,
    ],
  ],
  'a calendar and a list that do not exist': [
    { 'a.yaml': 'name: a\nwhen:\n  customer: { list: vip }\n  hours: { calendar: office, is: open }\nthen: close\n' },
    [
      'a.yaml:3:21: there is no list of customers vip; define it in shared.yaml',
      'a.yaml:4:22: there is no calendar office; define it in shared.yaml',
    ],
  ],
  'a calendar in a zone that does not exist': [
    {
      'a.yaml': GOOD,
      'shared.yaml': 'calendars:\n  office:\n    zone: Europe/Atlantis\n    open: { monday: "17:00-09:00" }\n',
    },
    [
      'shared.yaml:4:21: `calendars.office.open.monday.0` cannot be read; write hours as "09:00-17:00", the first before the second, up to "24:00"',
    ],
  ],
  'a zone that does not exist': [
    { 'a.yaml': GOOD, 'shared.yaml': 'calendars:\n  office:\n    zone: Europe/Atlantis\n    open: {}\n' },
    ['shared.yaml:3:11: there is no time zone Europe/Atlantis; write a zone of the IANA data base, as Europe/London'],
  ],
  'a template that does not exist': [
    { 'a.yaml': 'name: a\nwhen: {}\nthen:\n  reply:\n    template: hello\n' },
    ['a.yaml:5:15: there is no template hello; write hello.liquid'],
  ],
  'a name twice': [
    { 'a.yaml': GOOD, 'b.yaml': `priority: 5\n${GOOD}` },
    ['b.yaml:2:7: the name a is that of a.yaml already; give it another name'],
  ],
  'two playbooks that can both apply': [
    { 'a.yaml': GOOD, 'b.yaml': 'name: b\npriority: 100\nwhen:\n  route: email\nthen: close\n' },
    [
      'b.yaml:2:1: b and a (a.yaml) can both apply, with the priority 100; give one of them another priority (the lower number is asked first), or conditions that exclude each other',
    ],
  ],
};

const VARIABLES =
  'message.subject, message.label, message.channel, message.source, message.language, customer.name, customer.address';
/** Templates with a fault each; `reply` stands in reply.liquid. */
const TEMPLATES: Record<string, [reply: string, told: string[]]> = {
  'a variable that does not exist': [
    'Hello {{ customer.name }}\n{% if x %}{{ message.subjct }}{% endif %}',
    [
      `reply.liquid:2:7: there is no variable x; use one of ${VARIABLES}`,
      `reply.liquid:2:14: there is no variable message.subjct; use one of ${VARIABLES}`,
    ],
  ],
  'a whole group, and a part by a name that is known only later': [
    '{{ message }}{% assign key = "subject" %}\n{{ message[key] }}',
    [
      `reply.liquid:1:4: there is no variable message; use one of ${VARIABLES}`,
      `reply.liquid:2:4: there is no variable message.[...]; use one of ${VARIABLES}`,
    ],
  ],
  'a variable of a partial': [
    "{% render 'part', given: message.label %}",
    [`part.liquid:1:14: there is no variable other; use one of ${VARIABLES}`],
  ],
  'a variable that has to be declared': [
    'To {{ customer.address }}',
    [
      "reply.liquid:1:7: customer.address is empty unless it is declared; name it under `verbatim` of the reply, if a customer's own words may be sent out, or leave it out",
    ],
  ],
  'a partial outside of the folder': [
    "\n {% render '../secret' %}",
    ['reply.liquid:2:2: there is no template ../secret; use one of part, reply'],
  ],
  'a partial that a variable names': [
    '{% render message.subject %}',
    ["reply.liquid:1:1: a partial is named by something else than a quoted name; write render 'name'"],
  ],
  'a template that renders itself': [
    "{% render 'reply' %}",
    ['reply.liquid:1:1: the template reply renders itself; take the circle out'],
  ],
  'a tag that reads files': [
    "x\n{% include 'part' %}",
    [
      'reply.liquid:2:1: tag "include" not found; use one of assign, capture, case, comment, cycle, echo, for, break, continue, if, unless, raw, render',
    ],
  ],
  'an output that is not closed': [
    'x\n\n  {{ message.subject',
    ['reply.liquid:3:3: output "{{ message.subject" not closed; mend the template'],
  ],
};

describe('a set of playbooks', () => {
  it('that comes with the product has no problem, with the labels that the rules give', () => {
    expect(loadFolder(STARTER_FOLDER, Object.keys(LABELS)).problems).toEqual([]);
  });

  it.each(Object.entries(FAULTS))('with %s is told with file, line, column and what to do', (_what, [files, told]) => {
    expect(problemsOf(files, Object.keys(LABELS))).toEqual(told);
  });

  it.each(Object.entries(TEMPLATES))('whose template holds %s is told the same way', (_what, [reply, told]) => {
    const files = {
      'a.yaml': 'name: a\nwhen: {}\nthen:\n  reply: { template: reply }\n',
      'reply.liquid': reply,
      'part.liquid': '{{ given }}{{other}}',
    };
    expect(problemsOf(files)).toEqual(told);
  });

  it('refuses every filter that decodes, reads the clock or draws lots', () => {
    for (const filter of [
      'url_decode',
      'base64_decode',
      'date',
      'sample',
      'raw',
      'jsonify',
      'strip_html',
      'where_exp',
    ]) {
      const files = { 'a.yaml': `name: a\nwhen: {}\nthen:\n  reply: { text: "{{ message.label | ${filter} }}" }\n` };
      expect(problemsOf(files)[0]).toMatch(/^a\.yaml:4:\d+: undefined filter: /);
    }
  });

  it('finds the place of a variable in a text that stands in the playbook itself', () => {
    const block = 'name: a\nwhen: {}\nthen:\n  reply:\n    text: |\n      Hello,\n      {{ foo }}\n';
    expect(problemsOf({ 'a.yaml': block })[0]).toMatch(/^a\.yaml:7:10: there is no variable foo; /);
    const flow = 'name: a\nwhen: {}\nthen: { reply: { text: "{{ foo }}" } }\n';
    expect(problemsOf({ 'a.yaml': flow })[0]).toMatch(/^a\.yaml:3:2\d: there is no variable foo; /);
  });

  it('names every problem of every file at once', () => {
    const files = { 'a.yaml': 'when: {}\nthen: x\n', 'b.yaml': 'name: B\nwhen: {}\nthen: close\n', 'c.liquid': '{{ ' };
    expect(problemsOf(files).map((told) => told.split(': ')[0])).toEqual([
      'a.yaml:1:1',
      'a.yaml:2:7',
      'b.yaml:1:7',
      'c.liquid:1:1',
    ]);
  });

  it('is not ambiguous where conditions exclude each other, or where only the customers could tell', () => {
    const book = (name: string, when: string) => `name: ${name}\nwhen: { ${when} }\nthen: close\n`;
    const pairs: [string, string][] = [
      ['label: refund', 'label: complaint'],
      ['label: refund, route: email', 'label: refund, route: [form, chat]'],
      ['thread: { first_message: true }', 'thread: { first_message: false }'],
      ['thread: { replies: { at_most: 0 } }', 'thread: { replies: { at_least: 1 } }'],
      ['customer: { domain: example.com }', 'customer: { domain: example.org }'],
      ['language: de', 'language: [en, fr]'],
    ];
    for (const [a, b] of pairs) expect(problemsOf({ 'a.yaml': book('a', a), 'b.yaml': book('b', b) })).toEqual([]);
  });
});

describe('docs/reference/playbooks.md', () => {
  const page = readFileSync('docs/reference/playbooks.md', 'utf8');
  const blocks = [...page.matchAll(/^```yaml\n# (\S+)\n([\s\S]*?)^```/gm)].map(([, name = '', text = '']) => ({
    name,
    text,
  }));

  it('shows files that are in order', () => {
    const others = [{ name: 'billing_vip.liquid', text: page.split('```liquid\n')[1]?.split('```')[0] ?? '' }];
    const opening = { name: 'opening.liquid', text: '{{ subject }}' };
    const set = blocks.filter(({ name }) => !name.endsWith('.cases.yaml'));
    expect(set.map(({ name }) => name)).toEqual(['billing_vip.yaml', 'shared.yaml']);
    expect(readSet([...set, ...others, opening], Object.keys(LABELS)).problems).toEqual([]);
    const cases = readCases(blocks.filter(({ name }) => name.endsWith('.cases.yaml')));
    expect(cases).toMatchObject({ cases: [{ name: 'a late parcel is answered' }], problems: [] });
  });

  it('names every key that a playbook, its reply and the shared file can have', () => {
    const keys = [
      '',
      'when',
      'when.thread',
      'when.thread.replies',
      'when.customer',
      'when.hours',
      'then',
      'then.reply',
      'then.hand_off',
    ];
    for (const key of keys.flatMap((path) => playbookKeys(path === '' ? [] : path.split('.'))))
      expect(page).toContain(key);
    for (const key of [...sharedKeys([]), ...sharedKeys(['calendars', 'office'])]) expect(page).toContain(key);
  });
});
