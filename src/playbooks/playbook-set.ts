import { createHash } from 'node:crypto';
import { IANAZone } from 'luxon';
import { type Calendar, NOTHING_SHARED, PlaybookFile, playbookKeys, SharedFile, sharedKeys } from './format.js';
import { overlap } from './overlap.js';
import { compareText, inOrder, isUsable, type Problem } from './problem.js';
import { Templates, type TemplateText } from './templates.js';
import { canBeVerbatim, VARIABLES } from './variables.js';
import { readYaml, schemaProblems, type YamlFile } from './yaml-file.js';

export const SHARED_FILE = 'shared.yaml';

/** A file as it is read: name inside the folder, and text. */
export interface SourceFile {
  name: string;
  text: string;
}

/** Everything that a version of a playbook was made of, so that it can be read, and used, later. */
export interface PlaybookContent {
  file: string;
  yaml: string;
  /** Templates that it renders, by file. */
  templates: Record<string, string>;
  /** `shared.yaml`, where the playbook names a calendar or a list of it. */
  shared: string | null;
}

export interface Playbook extends PlaybookFile {
  file: string;
  /** Twelve hex digits of the hash of its content. */
  version: string;
  content: PlaybookContent;
}

export interface PlaybookSet {
  /** Of all files together. */
  hash: string;
  /** In the order in which they are asked. */
  playbooks: readonly Playbook[];
  shared: SharedFile;
  templates: Templates;
}

export interface ReadSet {
  hash: string;
  /** Null where a problem is an error: nothing of such a set is used. */
  set: PlaybookSet | null;
  problems: Problem[];
}

const INLINE = '#text';
/** Name of the template that a reply is written from. */
export const templateOf = ({ name, then }: Pick<PlaybookFile, 'name' | 'then'>): string =>
  then.reply?.template ?? `${name}${INLINE}`;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
export const hashOf = (files: readonly SourceFile[]): string =>
  sha256(JSON.stringify([...files].sort((a, b) => compareText(a.name, b.name)).map(({ name, text }) => [name, text])));

/** Whom playbooks can give work to, as it is configured. */
export interface Parties {
  platforms: readonly string[];
  /** Whether there is a phone provider; null where it does not matter. */
  phone: boolean | null;
}

/**
 * Makes a set of the files of a folder, or says what is wrong with them, all of it. `labels` are those that a classifier can give;
 * where they are null, any label will do; the same of parties.
 */
export function readSet(
  files: readonly SourceFile[],
  labels: readonly string[] | null,
  parties: Parties | null = null,
): ReadSet {
  const problems: Problem[] = [];
  const shared = readShared(files, problems);
  const parts = files
    .filter(({ name }) => /\.ya?ml$/.test(name) && name !== SHARED_FILE)
    .flatMap((file) => readPlaybook(file, problems) ?? []);
  const templates = new Templates([...templateFiles(files), ...parts.flatMap(inlineText)]);
  problems.push(...templates.problems, ...repeatedNames(parts));
  for (const part of parts) problems.push(...findReferences(part, { shared, templates, labels, parties }));
  problems.push(...findAmbiguities(parts));
  if (parts.length === 0 && problems.length === 0)
    problems.push({
      ...{ file: '.', line: 1, column: 1, level: 'error' },
      what: 'the folder holds no playbook',
      todo: 'put a file NAME.yaml into it, or name another folder',
    });
  const playbooks = parts
    .map(({ yaml, value }) => withVersion(yaml, value, { files, templates }))
    .sort((a, b) => a.priority - b.priority || compareText(a.name, b.name));
  const hash = hashOf(files);
  const set = isUsable(problems) ? { hash, playbooks, shared: shared?.value ?? NOTHING_SHARED, templates } : null;
  return { hash, set, problems: inOrder(problems) };
}

interface Part {
  yaml: YamlFile;
  value: PlaybookFile;
}

function readPlaybook({ name, text }: SourceFile, problems: Problem[]): Part | null {
  const read = readYaml(name, text);
  if ('problems' in read) {
    problems.push(...read.problems);
    return null;
  }
  const parsed = PlaybookFile.safeParse(read.yaml.value);
  if (parsed.success) return { yaml: read.yaml, value: parsed.data };
  problems.push(...schemaProblems(read.yaml, parsed.error.issues, playbookKeys));
  return null;
}

interface Shared {
  yaml: YamlFile | null;
  value: SharedFile;
}

/** Null where the file is there and cannot be read: what names something of it cannot be judged then. */
function readShared(files: readonly SourceFile[], problems: Problem[]): Shared | null {
  const file = files.find(({ name }) => name === SHARED_FILE);
  if (file === undefined) return { yaml: null, value: NOTHING_SHARED };
  const read = readYaml(file.name, file.text);
  if ('problems' in read) {
    problems.push(...read.problems);
    return null;
  }
  const parsed = SharedFile.safeParse(read.yaml.value);
  if (!parsed.success) {
    problems.push(...schemaProblems(read.yaml, parsed.error.issues, sharedKeys));
    return null;
  }
  for (const [name, { zone }] of Object.entries<Calendar>(parsed.data.calendars)) {
    if (IANAZone.isValidZone(zone)) continue;
    const position = read.yaml.at(['calendars', name, 'zone']);
    const todo = 'write a zone of the IANA data base, as Europe/London';
    problems.push({ file: SHARED_FILE, ...position, level: 'error', what: `there is no time zone ${zone}`, todo });
  }
  return { yaml: read.yaml, value: parsed.data };
}

const templateFiles = (files: readonly SourceFile[]): TemplateText[] =>
  files
    .filter(({ name }) => name.endsWith('.liquid'))
    .map(({ name, text }) => ({
      name: name.slice(0, -'.liquid'.length),
      file: name,
      text,
      offset: { line: 0, column: 0 },
    }));

/** The text of a reply that stands in the playbook itself, with the place where it begins. */
function inlineText({ yaml, value }: Part): TemplateText[] {
  const text = value.then.reply?.text;
  if (text === undefined) return [];
  const { line, column } = yaml.at(['then', 'reply', 'text']);
  const lines = yaml.text.split('\n');
  const isBlock = /[|>][-+0-9]*\s*(#.*)?$/.test(lines[line - 1] ?? '');
  const indent = /^ */.exec(lines[line] ?? '')?.[0].length ?? 0;
  const offset = isBlock ? { line, column: indent } : { line: line - 1, column: column - 1 };
  return [{ name: `${value.name}${INLINE}`, file: yaml.file, text, offset }];
}

function repeatedNames(parts: readonly Part[]): Problem[] {
  return parts.flatMap(({ yaml, value: { name } }, index) => {
    const first = parts.slice(0, index).find((other) => other.value.name === name);
    if (first === undefined) return [];
    const what = `the name ${name} is that of ${first.yaml.file} already`;
    return [{ file: yaml.file, ...yaml.at(['name']), level: 'error' as const, what, todo: 'give it another name' }];
  });
}

interface Known {
  shared: Shared | null;
  templates: Templates;
  labels: readonly string[] | null;
  parties: Parties | null;
}

/** What a playbook names and nothing has. */
function findReferences({ yaml, value }: Part, { shared, templates, labels, parties }: Known): Problem[] {
  const { file } = yaml;
  const problems: Problem[] = [];
  const report = (path: readonly PropertyKey[], level: Problem['level'], what: string, todo: string) =>
    problems.push({ file, ...yaml.at(path), level, what, todo });
  const { when, then } = value;
  for (const [index, label] of (labels === null ? [] : (when.label ?? [])).entries()) {
    if (labels?.includes(label)) continue;
    const todo = `use one of ${labels?.join(', ')}, or train a classifier that gives it`;
    report(['when', 'label', index], 'warning', `no classifier gives the label ${label}`, todo);
  }
  if (shared !== null) {
    const calendars = Object.keys(shared.value.calendars);
    const lists = Object.keys(shared.value.customers);
    const define = (names: readonly string[]) =>
      `${names.length === 0 ? '' : `use one of ${names.join(', ')}, or `}define it in ${SHARED_FILE}`;
    if (when.hours && !calendars.includes(when.hours.calendar))
      report(['when', 'hours', 'calendar'], 'error', `there is no calendar ${when.hours.calendar}`, define(calendars));
    for (const [index, list] of (when.customer?.list ?? []).entries())
      if (!lists.includes(list))
        report(['when', 'customer', 'list', index], 'error', `there is no list of customers ${list}`, define(lists));
  }
  const platform = then.hand_off?.platform;
  if (platform !== undefined && parties && !parties.platforms.includes(platform)) {
    const names = parties.platforms;
    const todo = `${names.length === 0 ? '' : `use one of ${names.join(', ')}, or `}configure it in WAYBILL_PLATFORMS`;
    report(['then', 'hand_off', 'platform'], 'error', `there is no platform ${platform}`, todo);
  }
  if (then.callback !== undefined && parties?.phone === false)
    report(
      ['then'],
      'error',
      'nobody can be called: there is no phone provider',
      'configure one by WAYBILL_PHONE_FROM and its neighbours',
    );
  if (then.reply === undefined) return problems;
  const { template, verbatim = [] } = then.reply;
  for (const [index, name] of verbatim.entries()) {
    if (canBeVerbatim(name)) continue;
    const todo = `use one of ${Object.keys(VARIABLES).filter(canBeVerbatim).join(', ')}`;
    report(['then', 'reply', 'verbatim', index], 'error', `${name} cannot be given as it was written`, todo);
  }
  if (template !== undefined && !templates.has(template))
    report(['then', 'reply', 'template'], 'error', `there is no template ${template}`, `write ${template}.liquid`);
  else problems.push(...templates.check({ name: templateOf(value), verbatim }));
  return problems;
}

/** Two playbooks of one priority that one message can meet: which of them is meant, nobody has said. */
function findAmbiguities(parts: readonly Part[]): Problem[] {
  return parts.flatMap(({ yaml, value }, index) =>
    parts.slice(0, index).flatMap((other): Problem[] => {
      if (other.value.priority !== value.priority || overlap(other.value.when, value.when) !== 'possible') return [];
      const at = yaml.has(['priority']) ? yaml.atKey([], 'priority') : yaml.atKey([], 'when');
      const what = `${value.name} and ${other.value.name} (${other.yaml.file}) can both apply, with the priority ${value.priority}`;
      const todo =
        'give one of them another priority (the lower number is asked first), or conditions that exclude each other';
      return [{ file: yaml.file, ...at, level: 'error', what, todo }];
    }),
  );
}

function withVersion(
  yaml: YamlFile,
  value: PlaybookFile,
  { files, templates }: { files: readonly SourceFile[]; templates: Templates },
): Playbook {
  const { when, then } = value;
  const rendered = then.reply
    ? templates.closure(templateOf(value)).filter(({ file }) => file.endsWith('.liquid'))
    : [];
  const usesShared = when.hours !== undefined || when.customer?.list !== undefined;
  const content: PlaybookContent = {
    file: yaml.file,
    yaml: yaml.text,
    templates: Object.fromEntries(rendered.map(({ file, text }) => [file, text])),
    shared: usesShared ? (files.find(({ name }) => name === SHARED_FILE)?.text ?? null) : null,
  };
  // The name of its file may change without another version.
  const version = sha256(JSON.stringify([content.yaml, content.templates, content.shared])).slice(0, 12);
  return { ...value, file: yaml.file, version, content };
}
