/** One figure that was asked for, with what was measured. */
export interface Goal {
  name: string;
  value: number;
  unit: string;
  /** As it is asked for: `>= 10`, `<= 25`, `= 0`. */
  goal: string;
  ok: boolean;
}

export interface BenchResult {
  goals: Goal[];
  /** Everything else worth knowing: sizes, seeds, figures of the peers. */
  details: Record<string, unknown>;
}

export interface BenchContext {
  seed: number;
  /** The bench's own size, or the one that was asked for instead; 0 where it has none. */
  size: number;
  /** A line on standard error, so that nobody waits without a word. */
  say(line: string): void;
}

export interface Bench {
  /** What is measured, in one sentence. */
  describe: string;
  /** How much of what it names, where it can be run smaller than it is meant. */
  size?: number;
  run(context: BenchContext): Promise<BenchResult>;
}

const HOLDS: Record<string, (value: number, limit: number) => boolean> = {
  '>=': (value, limit) => value >= limit,
  '<=': (value, limit) => value <= limit,
  '<': (value, limit) => value < limit,
  '=': (value, limit) => value === limit,
};

/** Judges a value by the words of its goal, so that what is printed and what is checked cannot differ. */
export function goal(name: string, value: number, unit: string, words: string): Goal {
  const [operator = '', limit = ''] = words.split(' ');
  const holds = HOLDS[operator];
  if (!holds || limit === '' || Number.isNaN(Number(limit)))
    throw new Error(`"${words}" is no goal: write it as ">= 10"`);
  return { name, value: Number(value.toPrecision(5)), unit, goal: words, ok: holds(value, Number(limit)) };
}

/** The same shape for every benchmark and proof. */
export const toLine = (name: string, { goals, details }: BenchResult): string =>
  JSON.stringify({ bench: name, goals, details });

export function toTable(name: string, { goals, details }: BenchResult): string {
  const rows = goals.map((one) => [one.ok ? 'ok' : 'MISSED', one.name, `${one.value} ${one.unit}`, one.goal] as const);
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [name, ...lines, JSON.stringify(details, null, 1)].join('\n');
}
