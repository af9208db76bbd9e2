/** What is wrong with a file of the playbooks, where, and what to do about it. Lines and columns count from 1. */
export interface Problem {
  file: string;
  line: number;
  column: number;
  /** An error makes the whole set unusable; a warning says that something can have no effect. */
  level: 'error' | 'warning';
  what: string;
  todo: string;
}

export interface Position {
  line: number;
  column: number;
}

export const problemLine = ({ file, line, column, level, what, todo }: Problem): string =>
  `${file}:${line}:${column}: ${level === 'warning' ? 'warning: ' : ''}${what}; ${todo}`;

export const isUsable = (problems: readonly Problem[]): boolean => problems.every(({ level }) => level === 'warning');

/** In the order in which a person works through them, each once. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  const once = new Map(problems.map((problem) => [problemLine(problem), problem]));
  return [...once.values()].sort(
    (a, b) => compareText(a.file, b.file) || a.line - b.line || a.column - b.column || compareText(a.what, b.what),
  );
}

/** By code point, so that every machine sorts alike. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
