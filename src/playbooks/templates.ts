import { analyzeSync, Liquid, type Template as Parsed } from 'liquidjs';
import type { Facts } from './chooser.js';
import type { Problem } from './problem.js';
import { isVariable, ONLY_VERBATIM, VARIABLES, valuesOf } from './variables.js';

/** Characters of a reply at most: the contract of the dashboard. Source: test/fixtures/contracts/dashboard-api.yaml. */
export const REPLY_CHARACTERS = 100_000;
const PARSE_CHARACTERS = 200_000;
const RENDER_MS = 1_000;
const MEMORY = 1_000_000;

/**
 * What a template may use of Liquid: nothing that reads the clock, draws lots, loads what is not in the folder, or turns harmless
 * text into markup (decoders), and no tag that would hide a partial from the check.
 */
const TAGS = [
  'assign',
  'capture',
  'case',
  'comment',
  'cycle',
  'echo',
  'for',
  'break',
  'continue',
  'if',
  'unless',
  'raw',
  'render',
  '#',
];
const FILTERS = [
  ...[
    'append',
    'prepend',
    'capitalize',
    'downcase',
    'upcase',
    'default',
    'strip',
    'lstrip',
    'rstrip',
    'squish',
    'truncate',
  ],
  ...[
    'truncatewords',
    'remove',
    'remove_first',
    'replace',
    'replace_first',
    'size',
    'split',
    'join',
    'first',
    'last',
    'escape',
  ],
  ...['plus', 'minus', 'times', 'divided_by', 'modulo', 'round', 'floor', 'ceil', 'abs', 'at_least', 'at_most'],
];

export interface TemplateText {
  /** As a playbook names it. */
  name: string;
  /** The file that problems are reported for, and where in it the text begins. */
  file: string;
  text: string;
  /** Lines and columns before the text, where it stands inside another file. */
  offset: { line: number; column: number };
}

export interface TemplateUse {
  name: string;
  verbatim: readonly string[];
}

/** The templates of a folder, parsed once; partials are those of the folder and no other. */
export class Templates {
  readonly #engine: Liquid;
  readonly #texts: Map<string, TemplateText>;
  readonly #parsed = new Map<string, Parsed[]>();
  readonly problems: Problem[] = [];

  constructor(texts: readonly TemplateText[]) {
    this.#texts = new Map(texts.map((text) => [text.name, text]));
    this.#engine = new Liquid({
      strictVariables: true,
      strictFilters: true,
      ownPropertyOnly: true,
      relativeReference: false,
      parseLimit: PARSE_CHARACTERS,
      renderLimit: RENDER_MS,
      memoryLimit: MEMORY,
      cache: true,
      templates: Object.fromEntries(texts.map(({ name, text }) => [name, text])),
    });
    for (const tag of Object.keys(this.#engine.tags)) if (!TAGS.includes(tag)) delete this.#engine.tags[tag];
    for (const filter of Object.keys(this.#engine.filters))
      if (!FILTERS.includes(filter)) delete this.#engine.filters[filter];
    for (const text of texts) this.#parse(text);
  }

  has(name: string): boolean {
    return this.#texts.has(name);
  }

  /** The template and the partials that it renders, in order of name. */
  closure(name: string): TemplateText[] {
    const found = new Map<string, TemplateText>();
    const waiting = [name];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const text = this.#texts.get(next);
      if (text === undefined || found.has(next)) continue;
      found.set(next, text);
      waiting.push(...partialsOf(text).map((partial) => partial.name));
    }
    return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** What a playbook could not use in it: variables that do not exist, or that it has not declared. */
  check({ name, verbatim }: TemplateUse): Problem[] {
    const parsed = this.#parsed.get(name);
    // Where a partial could not be read, that is the problem, and what it uses cannot be told.
    if (parsed === undefined || this.closure(name).some((text) => !this.#parsed.has(text.name))) return [];
    const globals = Object.values(analyzeSync(parsed, { partials: true }).globals).flat();
    return globals.flatMap(({ segments, location: { row, col, file = name } }): Problem[] => {
      const at = this.#at(file, row, col);
      const path = segments.map((part) => (typeof part === 'object' ? '[...]' : String(part))).join('.');
      if (!isVariable(path)) {
        const todo = `use one of ${Object.keys(VARIABLES).join(', ')}`;
        return [{ ...at, level: 'error', what: `there is no variable ${path}`, todo }];
      }
      if (!ONLY_VERBATIM.includes(path) || verbatim.includes(path)) return [];
      const todo = `name it under \`verbatim\` of the reply, if a customer's own words may be sent out, or leave it out`;
      return [{ ...at, level: 'error', what: `${path} is empty unless it is declared`, todo }];
    });
  }

  /**
   * The text of a reply.
   * @throws Error where a limit is exceeded, or the text is empty or longer than a reply can be
   */
  render({ name, verbatim }: TemplateUse, facts: Facts): string {
    const parsed = this.#parsed.get(name);
    if (parsed === undefined) throw new Error(`there is no template ${name}`);
    const rendered: unknown = this.#engine.renderSync(parsed, {}, { globals: valuesOf(facts, verbatim) });
    const text = String(rendered).replaceAll(/\r\n?/g, '\n').trim();
    if (text === '') throw new Error(`the template ${name} gave no text`);
    if (text.length > REPLY_CHARACTERS)
      throw new Error(`the template ${name} gave more than ${REPLY_CHARACTERS} characters`);
    return text;
  }

  #at(name: string, row: number, col: number): Pick<Problem, 'file' | 'line' | 'column'> {
    const { file, offset } = this.#texts.get(name) ?? { file: name, offset: { line: 0, column: 0 } };
    return { file, line: offset.line + row, column: offset.column + col };
  }

  #parse(text: TemplateText): void {
    for (const { name, row, col, isStatic } of partialsOf(text)) {
      const at = this.#at(text.name, row, col);
      const names = [...this.#texts.keys()]
        .filter((other) => !other.includes('#'))
        .sort()
        .join(', ');
      if (!isStatic)
        this.#problem(at, 'a partial is named by something else than a quoted name', "write render 'name'");
      else if (!this.#texts.has(name)) this.#problem(at, `there is no template ${name}`, `use one of ${names}`);
      else if (this.closure(name).some((one) => one.name === text.name))
        this.#problem(at, `the template ${name} renders itself`, 'take the circle out');
    }
    if (this.problems.some((problem) => problem.file === text.file)) return;
    try {
      this.#parsed.set(text.name, this.#engine.parse(text.text, text.name));
    } catch (error) {
      const { row, col } = placeOf(error);
      const what = (error instanceof Error ? error.message : String(error)).split(', file:')[0] ?? 'cannot be parsed';
      this.#problem(this.#at(text.name, row, col), what, todoFor(what));
    }
  }

  #problem(at: Pick<Problem, 'file' | 'line' | 'column'>, what: string, todo: string): void {
    this.problems.push({ ...at, level: 'error', what, todo });
  }
}

function todoFor(what: string): string {
  if (what.startsWith('undefined filter')) return `use one of ${[...FILTERS].sort().join(', ')}`;
  if (/^tag "\w*" not found/.test(what)) return `use one of ${TAGS.filter((tag) => tag !== '#').join(', ')}`;
  return 'mend the template';
}

function placeOf(error: unknown): { row: number; col: number } {
  const token: unknown = error instanceof Error && 'token' in error ? error.token : null;
  if (
    typeof token === 'object' &&
    token !== null &&
    'getPosition' in token &&
    typeof token.getPosition === 'function'
  ) {
    const position: unknown = token.getPosition();
    if (Array.isArray(position)) return { row: Number(position[0]), col: Number(position[1]) };
  }
  return { row: 1, col: 1 };
}

/** The partials that a text renders, by its `render` tags. */
function partialsOf({ text }: TemplateText): { name: string; row: number; col: number; isStatic: boolean }[] {
  return [...text.matchAll(/\{%-?\s*render\b\s*(?:'([^']*)'|"([^"]*)"|[^\s%,]*)/g)].map((match) => {
    const before = text.slice(0, match.index).split('\n');
    const name = match[1] ?? match[2];
    return {
      name: name ?? '',
      row: before.length,
      col: (before.at(-1) ?? '').length + 1,
      isStatic: name !== undefined,
    };
  });
}
