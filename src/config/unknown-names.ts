import { ALL_VARIABLES } from './all-variables.js';
import type { Layer, Problem } from './layers.js';

/** Edits (insert, remove, replace) that turn one name into the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

function knownNames(): string[] {
  return [...ALL_VARIABLES].flatMap(([name, variable]) => (variable.secret ? [name, `${name}_FILE`] : [name]));
}

/** A WAYBILL_ variable that nobody reads is a mistake in its name: it is reported with the nearest name there is. */
export function findUnknownNames(layers: readonly Layer[]): Problem[] {
  const known = knownNames();
  const names = new Set(
    layers.flatMap(({ values }) => Object.keys(values).filter((name) => name.startsWith('WAYBILL_'))),
  );
  return [...names]
    .filter((name) => !known.includes(name))
    .sort()
    .map((name) => {
      const [nearest, edits] = known
        .map((candidate) => [candidate, distance(name.slice(0, 100), candidate)] as const)
        .reduce((best, candidate) => (candidate[1] < best[1] ? candidate : best));
      return { name, problem: edits <= name.length / 3 ? `is not known; did you mean ${nearest}` : 'is not known' };
    });
}
