import { type Document, isAlias, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import type { Position, Problem } from './problem.js';

type Path = readonly PropertyKey[];

export interface YamlFile {
  file: string;
  text: string;
  document: Document.Parsed;
  value: unknown;
  /** Where the value at the path stands; of what is not there, where its nearest owner stands. */
  at(path: Path): Position;
  /** Where the key of the map at the path stands. */
  atKey(path: Path, key: string): Position;
  has(path: Path): boolean;
}

/** Reads one YAML document with its positions. Anchors, aliases and tags are refused: what stands there is what is meant. */
export function readYaml(file: string, text: string): { yaml: YamlFile } | { problems: Problem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const problem = (offset: number, what: string, todo: string): Problem => ({
    file,
    ...position(offset),
    level: 'error',
    what,
    todo,
  });
  const problems = [...document.errors, ...document.warnings].map(({ pos: [offset], message }) =>
    problem(offset, message.split('\n')[0] ?? message, 'mend the YAML'),
  );
  visit(document, {
    Node(_key, node) {
      if (isAlias(node) || node.anchor !== undefined)
        problems.push(problem(node.range?.[0] ?? 0, 'anchors and aliases are not read', 'write it out'));
    },
  });
  if (problems.length > 0) return { problems };
  const value: unknown = document.toJS();
  if (value === null) return { problems: [problem(0, 'the file is empty', 'write what it is to hold, or delete it')] };

  const nodeAt = (path: Path) => {
    const node: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
    return isNode(node) ? node : null;
  };
  const at = (path: Path): Position => {
    for (let length = path.length; length >= 0; length--) {
      const node = nodeAt(path.slice(0, length));
      if (node?.range) return position(node.range[0]);
    }
    return { line: 1, column: 1 };
  };
  return {
    yaml: {
      file,
      text,
      document,
      value,
      at,
      atKey(path, key) {
        const map = nodeAt(path);
        const pair = isMap(map) ? map.items.find((one) => isScalar(one.key) && one.key.value === key) : undefined;
        const range = isNode(pair?.key) ? pair.key.range : null;
        return range ? position(range[0]) : at(path);
      },
      has: (path) => path.length === 0 || document.hasIn(path),
    },
  };
}

/** What a schema refuses, in words for the person who wrote the file. `keysOf` names the keys that a map can have. */
export function schemaProblems(
  yaml: YamlFile,
  issues: readonly z.core.$ZodIssue[],
  keysOf: (path: Path) => readonly string[],
): Problem[] {
  const { file } = yaml;
  const misspelt = issues.filter(({ code }) => code === 'unrecognized_keys').map(({ path }) => path.join('.'));
  return issues.flatMap((issue): Problem[] => {
    const { path } = issue;
    // A rule about the keys of a map follows from the key that is not known.
    if (issue.code === 'custom' && misspelt.includes(path.join('.'))) return [];
    const name = path.length === 0 ? 'the file' : `\`${path.join('.')}\``;
    if (issue.code === 'unrecognized_keys') {
      const known = keysOf(path).join(', ');
      return issue.keys.map((key) => ({
        file,
        ...yaml.atKey(path, key),
        level: 'error',
        what: `\`${[...path, key].join('.')}\` is not known`,
        todo: known === '' ? 'take it out' : `use one of ${known}`,
      }));
    }
    const isMissing = issue.code === 'invalid_type' && !yaml.has(path);
    if (isMissing) return [{ file, ...yaml.at(path), level: 'error', what: `${name} is missing`, todo: 'add it' }];
    const what = `${name} cannot be read`;
    return [{ file, ...yaml.at(path), level: 'error', what, todo: wanted(issue) }];
  });
}

function wanted(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `write one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'invalid_type') return `write ${TYPES[issue.expected] ?? `a ${issue.expected}`}`;
  return issue.message;
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map of keys and values',
  array: 'a list',
  record: 'a map of names',
};
