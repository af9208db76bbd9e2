import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createChain } from '../../../src/classify/chain.js';
import { createModelLink } from '../../../src/classify/model-link.js';
import { rulesLink } from '../../../src/classify/rules-link.js';
import { readCases, runCases } from '../../../src/playbooks/cases.js';
import { readFolder, STARTER_FOLDER } from '../../../src/playbooks/folder.js';
import { problemLine } from '../../../src/playbooks/problem.js';
import { VARIABLES } from '../../../src/playbooks/variables.js';
import { starterChooser, starterSet } from '../../support/playbooks.js';

const parts = () => ({ chooser: starterChooser(), chain: createChain([rulesLink]) });
const read = (text: string) => readCases([{ name: 'a.cases.yaml', text }]);

it('every case of the starter set is as expected, and every playbook of it has one', async () => {
  const { cases, problems } = readCases(readFolder(STARTER_FOLDER).cases);
  expect(problems).toEqual([]);
  const results = await runCases(cases, parts());
  expect(results.filter(({ differences }) => differences.length > 0)).toEqual([]);
  const tried = new Set(results.map(({ playbook }) => playbook));
  expect(starterSet().playbooks.filter(({ name }) => !tried.has(name))).toEqual([]);
});

it('a case that is not as expected says where, with its place in the file', async () => {
  const { cases } = read(`cases:
  - name: refunded at once
    message: { label: refund }
    expect:
      playbook: null
      action: reply
      text_contains: money
      tags: []
`);
  expect(await runCases(cases, parts())).toEqual([
    {
      ...{ file: 'a.cases.yaml', line: 2, column: 5, name: 'refunded at once', playbook: 'refund', action: 'escalate' },
      differences: [
        'playbook is "refund" and not null',
        'action is "escalate" and not "reply"',
        'tags is ["money"] and not []',
        'the text lacks "money"',
      ],
    },
  ]);
});

it('a case without a label is asked of every classifier, and the language model, which no case asks, counts as silent', async () => {
  const { cases } = read(`cases:
  - name: for nobody
    message: { subject: A door, text: Something about a door. }
    expect: { action: escalate, reason: abstained }
  - name: known by the rules
    message: { text: 'Where is my order? It has not arrived.' }
    expect: { playbook: delivery_status }
`);
  const model = createModelLink({ classifier: 'model:test', labels: ['refund'] });
  const results = await runCases(cases, { chooser: starterChooser(), chain: createChain([rulesLink, model]) });
  expect(results.map(({ differences }) => differences)).toEqual([[], []]);
});

it('a file of cases that cannot be read is told with file, line and column', () => {
  const told = (text: string) => read(text).problems.map(problemLine);
  expect(told('cases:\n  - name: a\n    message: { lable: refund }\n    expect: { action: answer }\n')).toEqual([
    'a.cases.yaml:3:16: `cases.0.message.lable` is not known; use one of subject, text, from, from_name, label, confidence, route, channel, source, language, status, first_message, replies, at',
    'a.cases.yaml:4:23: `cases.0.expect.action` cannot be read; write one of reply, callback, hand_off, close, escalate',
  ]);
  expect(told('cases: []\n')).toEqual(['a.cases.yaml:1:8: `cases` cannot be read; write a case']);
  expect(told('cases: [\n')).toHaveLength(1);
});

it('docs/reference/playbooks.md lists every variable with its meaning, and no other', () => {
  const page = readFileSync('docs/reference/playbooks.md', 'utf8');
  const rows = [...page.matchAll(/^\| `((?:message|customer)\.[a-z]+)` \| (.+) \|$/gm)].map(([, name, doc]) => [
    name,
    doc,
  ]);
  expect(rows).toEqual(Object.entries(VARIABLES).map(([name, { doc }]) => [name, doc]));
});
