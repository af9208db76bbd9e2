/** Half-open intervals [from, to) of instants, in milliseconds since 1970, UTC. */
export interface Interval {
  from: number;
  to: number;
}

export const width = (interval: Interval): number => interval.to - interval.from;
export const contains = (outer: Interval, inner: Interval): boolean => outer.from <= inner.from && inner.to <= outer.to;
export const overlaps = (a: Interval, b: Interval): boolean => a.from < b.to && b.from < a.to;

/** Cut to whole seconds, the precision of the dashboard's list. */
export const floorToSecond = (instantMs: number): number => Math.floor(instantMs / 1000) * 1000;

/** Merges intervals that touch or overlap; the result is sorted and disjoint. */
export function union(intervals: readonly Interval[]): Interval[] {
  const merged: Interval[] = [];
  for (const next of [...intervals].filter((one) => one.from < one.to).sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && next.from <= last.to) last.to = Math.max(last.to, next.to);
    else merged.push({ ...next });
  }
  return merged;
}

/** The parts of `whole` that no interval of `covered` holds. */
export function gaps(whole: Interval, covered: readonly Interval[]): Interval[] {
  const found: Interval[] = [];
  let from = whole.from;
  for (const one of union(covered)) {
    if (one.from >= whole.to) break;
    if (one.from > from) found.push({ from, to: Math.min(one.from, whole.to) });
    from = Math.max(from, one.to);
  }
  if (from < whole.to) found.push({ from, to: whole.to });
  return found;
}

/** Cuts an interval into pieces of at most `maxWidth`, newest first; no piece is narrower than `minWidth` unless the whole is. */
export function cut(interval: Interval, maxWidth: number, minWidth: number): Interval[] {
  const pieces: Interval[] = [];
  let to = interval.to;
  while (to > interval.from) {
    let from = Math.max(interval.from, to - maxWidth);
    if (from - interval.from < minWidth) from = interval.from;
    pieces.push({ from, to });
    to = from;
  }
  return pieces;
}

/** Two halves at a whole second, newest first, or null where a half would be narrower than `minWidth`. */
export function halve(interval: Interval, minWidth: number): [Interval, Interval] | null {
  const middle = floorToSecond(interval.from + width(interval) / 2);
  if (middle - interval.from < minWidth || interval.to - middle < minWidth) return null;
  return [
    { from: middle, to: interval.to },
    { from: interval.from, to: middle },
  ];
}
