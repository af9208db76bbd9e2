/** One known thread as the frame of an audit has it. */
export interface FrameThread {
  id: string;
  /** Messages that we hold of it and that the provider has not been seen to have deleted. */
  known: number;
}

export interface DrawnThread extends FrameThread {
  /** How often it was drawn. */
  draws: number;
  /** What it weighed in the draw. */
  weight: number;
}

/**
 * What a thread weighs in the draw: its known messages, and no less than an average thread. By its known size alone, a thread of
 * which we lost nearly everything would be met least of all.
 */
export const drawWeight = (known: number, average: number): number => Math.max(known, average);

/** The average that small threads are raised to: whole, and at least one. */
export const averageSize = (messages: number, threads: number): number =>
  Math.max(1, Math.ceil(messages / Math.max(1, threads)));

/** A stream of numbers in [0, 1) that depends on the seed alone: the draw of an audit can be repeated. sfc32. */
function numbers(seed: number): () => number {
  let [a, b, c, d] = [0x9e3779b9, 0x243f6a88, seed | 0, Math.floor(seed / 2 ** 32) | 0 || 1];
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
  for (let warmUp = 0; warmUp < 16; warmUp++) next();
  return next;
}

/** Places in [0, total), in ascending order: each one falls into a thread with a probability in proportion to its weight. */
export function drawPlaces(seed: number, draws: number, total: number): number[] {
  const next = numbers(seed);
  const places = Array.from({ length: total > 0 ? draws : 0 }, () => {
    const share = next() + next() / 2 ** 32;
    return Math.min(total - 1, Math.floor(share * total));
  });
  return places.sort((a, b) => a - b);
}

/**
 * Whether the frame is read whole instead of being sampled: then there is no sampling error, and no call is saved by one.
 */
export const isCensus = (threads: number, wanted: number): boolean => threads <= wanted;

/**
 * Finds the threads that places fall into, from a frame that comes in batches and always in the same order. Each call goes on where
 * the one before it ended.
 */
export function threadPicker(
  places: readonly number[],
  average: number,
): (batch: readonly FrameThread[]) => DrawnThread[] {
  let upto = 0;
  let position = 0;
  return (batch) => {
    const drawn: DrawnThread[] = [];
    for (const thread of batch) {
      const weight = drawWeight(thread.known, average);
      upto += weight;
      let draws = 0;
      for (; position < places.length && (places[position] ?? 0) < upto; position++) draws += 1;
      if (draws > 0) drawn.push({ ...thread, draws, weight });
    }
    return drawn;
  };
}

/** A small frame, of which every thread is read. */
export const drawAll = (frame: readonly FrameThread[]): DrawnThread[] =>
  frame.map((thread) => ({ ...thread, draws: 1, weight: 1 }));

/** The threads of an audit: all of a small frame, else `wanted` draws in proportion to size, with replacement. */
export function drawThreads(frame: readonly FrameThread[], wanted: number, seed: number): DrawnThread[] {
  if (isCensus(frame.length, wanted)) return drawAll(frame);
  const messages = frame.reduce((sum, thread) => sum + thread.known, 0);
  const average = averageSize(messages, frame.length);
  const total = frame.reduce((sum, thread) => sum + drawWeight(thread.known, average), 0);
  return threadPicker(drawPlaces(seed, wanted, total), average)(frame);
}
