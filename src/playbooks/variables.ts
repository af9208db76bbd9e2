import type { Facts } from './chooser.js';

interface Variable {
  /** What a template sees; null where there is nothing that can be shown. */
  value(facts: Facts): string | null;
  /** As the customer wrote it, on one line; only for a playbook that names it under `verbatim`. */
  verbatim?(facts: Facts): string | null;
  doc: string;
}

/** Everything that a template can name; docs/reference/playbooks.md is held against it by a test. */
export const VARIABLES = {
  'message.subject': {
    value: ({ subject }) => quotable(withoutReplyMarks(subject ?? ''), 100),
    verbatim: ({ subject }) => oneLine(withoutReplyMarks(subject ?? '')),
    doc: 'the subject without what marks a reply; empty where it is long or holds markup, a link or an address',
  },
  'message.label': { value: ({ label }) => label, doc: 'what it was understood to ask for' },
  'message.channel': { value: ({ channel }) => channel, doc: 'the channel it came by' },
  'message.source': { value: ({ source }) => source, doc: 'the source it came from' },
  'message.language': {
    value: ({ language }) => language,
    doc: 'its language as two letters; empty where that is not clear',
  },
  'customer.name': {
    value: ({ from }) => quotable(from?.name ?? '', 60),
    verbatim: ({ from }) => oneLine(from?.name ?? ''),
    doc: 'the name that the sender gave; empty under the same conditions as the subject',
  },
  'customer.address': {
    value: () => null,
    verbatim: ({ from }) => oneLine(from?.value ?? ''),
    doc: 'the address of the sender; only where it is named under `verbatim`',
  },
} as const satisfies Record<string, Variable>;

export type VariableName = keyof typeof VARIABLES;
export const isVariable = (name: string): name is VariableName => Object.hasOwn(VARIABLES, name);
const variable = (name: VariableName): Variable => VARIABLES[name];
export const canBeVerbatim = (name: string): name is VariableName =>
  isVariable(name) && variable(name).verbatim !== undefined;
/** Those that hold nothing unless they are declared. */
export const ONLY_VERBATIM: readonly string[] = ['customer.address'];

/** The values of a message, as the two levels that a template names: `message.subject`. */
export function valuesOf(facts: Facts, verbatim: readonly string[]): Record<string, Record<string, string | null>> {
  const values: Record<string, Record<string, string | null>> = {};
  for (const name of Object.keys(VARIABLES) as VariableName[]) {
    const [group = '', key = ''] = name.split('.');
    const of = verbatim.includes(name) ? variable(name).verbatim : variable(name).value;
    values[group] = { ...values[group], [key]: of?.(facts) ?? null };
  }
  return values;
}

const LONGEST_LINE = 500;

/** On one line, without control and formatting characters; null where nothing is left. */
function oneLine(text: string): string | null {
  const line = text
    .slice(0, LONGEST_LINE)
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return line === '' ? null : line;
}

const withoutReplyMarks = (subject: string): string =>
  (oneLine(subject) ?? '').replace(/^(?: ?(?:re|fwd?|aw|wg)\s?:)+/i, '');

/** What marks text up, quotes it or makes a mail client show a link, an address or a number to call. */
const ACTIVE = [
  /[<>"@＜＞＠[\]{}`\\|]/u,
  /:\/\/|\bwww\b/i,
  /[\p{L}\p{N}_][.。．｡][\p{L}\p{N}_]/u,
  /\b[a-z][a-z0-9+.-]*:\S/i,
  /\+[\s().\d-]{6,}\d/,
  /&#?\w+;/,
];

/** Text of a customer that may stand in our answer: one short line that nothing would make a link, an address or markup of. */
function quotable(text: string, longest: number): string | null {
  const line = oneLine(text);
  return line === null || line.length > longest || ACTIVE.some((pattern) => pattern.test(line)) ? null : line;
}
