import { z } from 'zod';
import { ACTIONS, type ActionKind, type Choice } from '../domain/actions.js';
import { CHANNELS } from '../domain/message.js';
import { understandRecalled } from '../domain/recalled.js';
import { ROUTES } from '../domain/states.js';
import { type ClassifierChain, LANGUAGES } from '../domain/understanding.js';
import { asAbstained, type Chooser, type Facts } from './chooser.js';
import type { SourceFile } from './playbook-set.js';
import type { Position, Problem } from './problem.js';
import { readYaml, schemaProblems } from './yaml-file.js';

const oneOf = <const K extends string>(table: Readonly<Record<K, string>>) => z.enum(Object.keys(table) as K[]);
const some = z.preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(z.string()));

const Message = z.strictObject({
  subject: z.string().nullable().default(null),
  text: z.string().default(''),
  from: z.string().nullable().default(null),
  from_name: z.string().nullable().default(null),
  /** Unset: the classifiers say it. */
  label: z.string().optional(),
  confidence: z.number().min(0, 'write a number from 0 to 1').max(1, 'write a number from 0 to 1').default(1),
  route: oneOf(ROUTES).default('email'),
  channel: oneOf(CHANNELS).default('email'),
  source: z.string().default('dashboard'),
  language: oneOf(LANGUAGES).nullable().default(null),
  status: z.string().default('open'),
  first_message: z.boolean().default(true),
  replies: z.int('write a whole number').min(0, 'write a number from 0').default(0),
  at: z.iso.datetime({ offset: true, error: 'write an instant with its zone, as "2026-01-31T08:00:00Z"' }).optional(),
});
const Expected = z.strictObject({
  playbook: z.string().nullable().optional(),
  action: oneOf(ACTIONS).optional(),
  reason: z.string().optional(),
  template: z.string().optional(),
  platform: z.string().optional(),
  text_contains: some.optional(),
  text_lacks: some.optional(),
  approval: z.boolean().optional(),
  tags: z.array(z.string()).optional(),
});
const CasesFile = z.strictObject({
  cases: z.array(z.strictObject({ name: z.string(), message: Message, expect: Expected })).min(1, 'write a case'),
});

const KEYS: Readonly<Record<string, readonly string[]>> = {
  '': ['cases'],
  cases: ['name', 'message', 'expect'],
  message: Object.keys(Message.shape),
  expect: Object.keys(Expected.shape),
};

/** A message, and what the playbooks have to do with it. */
export interface PlaybookCase extends Position {
  file: string;
  name: string;
  message: z.infer<typeof Message>;
  expect: z.infer<typeof Expected>;
}

export interface CaseResult extends Position {
  file: string;
  name: string;
  /** The playbook that was chosen; null for none. */
  playbook: string | null;
  action: ActionKind;
  /** Where it is not as expected; empty where it is. */
  differences: string[];
}

export function readCases(files: readonly SourceFile[]): { cases: PlaybookCase[]; problems: Problem[] } {
  const cases: PlaybookCase[] = [];
  const problems: Problem[] = [];
  for (const { name: file, text } of files) {
    const read = readYaml(file, text);
    const parsed = 'yaml' in read ? CasesFile.safeParse(read.yaml.value) : null;
    if ('problems' in read) problems.push(...read.problems);
    else if (parsed?.success)
      cases.push(...parsed.data.cases.map((one, index) => ({ ...one, file, ...read.yaml.at(['cases', index]) })));
    else if (parsed)
      problems.push(
        ...schemaProblems(read.yaml, parsed.error.issues, (path) => KEYS[String(path[2] ?? path[0] ?? '')] ?? []),
      );
  }
  return { cases, problems };
}

const NEVER = new Date(0);

/** Asks the playbooks for every case. A case without a label is classified by its words, and no language model is asked for it. */
export async function runCases(
  cases: readonly PlaybookCase[],
  { chooser, chain }: { chooser: Chooser; chain: ClassifierChain },
): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const { file, line, column, name, message, expect } of cases) {
    const { subject, text } = message;
    const understood =
      message.label === undefined
        ? (await understandRecalled(chain, { subject, text }, async () => null)).understanding
        : { label: message.label, confidence: message.confidence, abstained: false };
    const chosen = chooser.choose(factsOf(message, understood));
    const choice = understood.abstained ? asAbstained(chosen) : chosen;
    const differences = compare(choice, expect);
    const { playbook, action } = choice;
    results.push({ file, line, column, name, playbook: playbook?.name ?? null, action: action.do, differences });
  }
  return results;
}

function factsOf(message: PlaybookCase['message'], { label, confidence }: Pick<Facts, 'label' | 'confidence'>): Facts {
  const { subject, text, from, from_name: name, route, channel, source, language, status, replies } = message;
  const kind = from?.includes('@') ? 'email' : 'phone';
  return {
    ...{ source, channel, route, label, confidence, language, subject, text },
    from: from === null ? null : { kind, value: from, name },
    threadStatus: status,
    isFirstMessage: message.first_message,
    repliesSoFar: replies,
    at: message.at === undefined ? NEVER : new Date(message.at),
  };
}

function compare({ playbook, action, asksApproval, tags }: Choice, expected: PlaybookCase['expect']): string[] {
  const got: Partial<Record<keyof PlaybookCase['expect'], unknown>> = {
    playbook: playbook?.name ?? null,
    action: action.do,
    reason: action.do === 'escalate' ? action.reason : null,
    template: action.do === 'reply' ? action.template : null,
    platform: action.do === 'hand_off' ? action.platform : null,
    approval: asksApproval,
    tags,
  };
  const text = action.do === 'reply' ? action.text : '';
  const { text_contains: contains = [], text_lacks: lacks = [], ...plain } = expected;
  return [
    ...Object.entries(plain).flatMap(([key, wanted]) => {
      const found = got[key as keyof typeof plain];
      const same = JSON.stringify(found) === JSON.stringify(wanted);
      return wanted === undefined || same
        ? []
        : [`${key} is ${JSON.stringify(found)} and not ${JSON.stringify(wanted)}`];
    }),
    ...contains.filter((part) => !text.includes(part)).map((part) => `the text lacks ${JSON.stringify(part)}`),
    ...lacks.filter((part) => text.includes(part)).map((part) => `the text contains ${JSON.stringify(part)}`),
  ];
}
