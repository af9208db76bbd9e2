import { eachGram } from './features.js';

/** Rows of a sparse matrix, one after the other: row i is [starts[i], starts[i + 1]) of columns and values. */
export interface SparseRows {
  starts: Int32Array;
  columns: Int32Array;
  values: Float32Array;
}

/** The n-grams that a model knows, by family, with what each says by its rarity. Columns of words come first. */
export interface Vocabulary {
  grams: readonly [ReadonlyMap<string, number>, ReadonlyMap<string, number>];
  /** Of every column. */
  rarity: Float32Array;
}

/** An n-gram that stands in fewer texts says nothing about the next one. */
const LEAST_TEXTS = [1, 2] as const;
/** Columns at most; the most frequent ones stay. A model holds a number for each of them and each label. */
const MOST_COLUMNS = [40_000, 60_000] as const;

export function buildVocabulary(texts: readonly string[]): Vocabulary {
  const counts: [Map<string, number>, Map<string, number>] = [new Map(), new Map()];
  for (const text of texts) {
    const seen: [Set<string>, Set<string>] = [new Set(), new Set()];
    eachGram(text, (family, gram) => seen[family].add(gram));
    for (const family of [0, 1] as const)
      for (const gram of seen[family]) counts[family].set(gram, (counts[family].get(gram) ?? 0) + 1);
  }
  const kept = ([0, 1] as const).map((family) =>
    [...counts[family]]
      .filter(([, count]) => count >= LEAST_TEXTS[family])
      .sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1))
      .slice(0, MOST_COLUMNS[family]),
  ) as [[string, number][], [string, number][]];
  const rarity = Float32Array.from(kept.flat(), ([, count]) => Math.log((1 + texts.length) / (1 + count)) + 1);
  const [words, characters] = kept;
  return {
    grams: [
      new Map(words.map(([gram], at) => [gram, at])),
      new Map(characters.map(([gram], at) => [gram, at + words.length])),
    ],
    rarity,
  };
}

/** One text as columns and values: 1 + log of how often, times rarity, each family brought to length 1. */
export function vectorise({ grams, rarity }: Vocabulary, text: string): { columns: number[]; values: number[] } {
  const counts: [Map<number, number>, Map<number, number>] = [new Map(), new Map()];
  eachGram(text, (family, gram) => {
    const column = grams[family].get(gram);
    if (column !== undefined) counts[family].set(column, (counts[family].get(column) ?? 0) + 1);
  });
  const columns: number[] = [];
  const values: number[] = [];
  for (const family of counts) {
    const from = values.length;
    let squares = 0;
    for (const [column, count] of family) {
      const value = (1 + Math.log(count)) * (rarity[column] ?? 0);
      squares += value * value;
      columns.push(column);
      values.push(value);
    }
    const length = Math.sqrt(squares) || 1;
    for (let at = from; at < values.length; at++) values[at] = (values[at] ?? 0) / length;
  }
  return { columns, values };
}

export function vectoriseAll(vocabulary: Vocabulary, texts: readonly string[]): SparseRows {
  const rows = texts.map((text) => vectorise(vocabulary, text));
  const starts = new Int32Array(rows.length + 1);
  for (const [at, row] of rows.entries()) starts[at + 1] = (starts[at] ?? 0) + row.columns.length;
  const size = starts[rows.length] ?? 0;
  const [columns, values] = [new Int32Array(size), new Float32Array(size)];
  for (const [at, row] of rows.entries()) {
    columns.set(row.columns, starts[at] ?? 0);
    values.set(row.values, starts[at] ?? 0);
  }
  return { starts, columns, values };
}
