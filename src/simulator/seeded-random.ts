import { createHash } from 'node:crypto';

/** A stream of numbers that depends on its labels alone: the same labels give the same world on every machine. */
export interface SeededRandom {
  /** In [0, 1). */
  next(): number;
  /** A whole number in [from, to]. */
  between(from: number, to: number): number;
  chance(share: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** Gap to the next event of a Poisson process with this mean gap. */
  exponential(mean: number): number;
  logNormal(median: number, sigma: number): number;
}

/** sfc32, seeded with a hash of the labels. */
export function seededRandom(...labels: (string | number)[]): SeededRandom {
  const digest = createHash('sha256').update(labels.join('\u0000')).digest();
  let a = digest.readInt32LE(0);
  let b = digest.readInt32LE(4);
  let c = digest.readInt32LE(8);
  let d = digest.readInt32LE(12);
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4_294_967_296;
  };
  return {
    next,
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    chance: (share) => next() < share,
    pick: (list) => {
      const picked = list[Math.floor(next() * list.length)];
      if (picked === undefined) throw new RangeError('nothing to pick from');
      return picked;
    },
    exponential: (mean) => -Math.log(1 - next()) * mean,
    logNormal: (median, sigma) => {
      const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
      return median * Math.exp(sigma * normal);
    },
  };
}

/** An id as a vendor would give it: it says nothing, and the same labels always give the same one. */
export function seededId(prefix: string, ...labels: (string | number)[]): string {
  return `${prefix}_${createHash('sha256').update(labels.join('\u0000')).digest('hex').slice(0, 16)}`;
}
