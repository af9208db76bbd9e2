import { RANK_COUNT, urgencyOf } from '../../src/domain/schedule/urgency.js';
import type { Timing } from '../../src/domain/timing.js';

interface Entry {
  at: number;
  thread: number;
}

/** The due table of the ledger in memory: the same order, by how much of its own gap a thread is overdue. */
export class DueQueue {
  readonly #heaps: Entry[][] = Array.from({ length: RANK_COUNT }, () => []);
  readonly #current: Float64Array;

  constructor(
    threads: number,
    private readonly timing: Timing,
  ) {
    this.#current = new Float64Array(threads).fill(Number.NaN);
  }

  dueAt(thread: number): number {
    return this.#current[thread] ?? Number.NaN;
  }

  set(thread: number, at: number, rank: number): void {
    this.#current[thread] = at;
    const heap = this.#heaps[rank] ?? [];
    heap.push({ at, thread });
    for (let child = heap.length - 1; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (at >= (heap[parent]?.at ?? 0)) break;
      [heap[parent], heap[child]] = [heap[child] as Entry, heap[parent] as Entry];
      child = parent;
    }
  }

  /** The earliest instant at which anything is due. */
  next(): number {
    return Math.min(...this.#heaps.map((heap) => this.#first(heap)?.at ?? Number.POSITIVE_INFINITY));
  }

  /** Takes the most urgent thread that is due; null where none is. */
  take(now: number): number | null {
    let best: Entry[] | null = null;
    let most = Number.NEGATIVE_INFINITY;
    for (const [rank, heap] of this.#heaps.entries()) {
      const first = this.#first(heap);
      if (first === undefined || first.at > now) continue;
      const urgency = urgencyOf(now - first.at, rank, this.timing);
      if (urgency > most) [best, most] = [heap, urgency];
    }
    if (best === null) return null;
    const { thread } = this.#pop(best);
    this.#current[thread] = Number.NaN;
    return thread;
  }

  /** The first entry that still holds: one that was set anew is dropped. */
  #first(heap: Entry[]): Entry | undefined {
    for (let first = heap[0]; first !== undefined; first = heap[0]) {
      if (this.#current[first.thread] === first.at) return first;
      this.#pop(heap);
    }
    return undefined;
  }

  #pop(heap: Entry[]): Entry {
    const top = heap[0] as Entry;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return top;
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Entry).at < (heap[child] as Entry).at) child += 1;
      if ((heap[child] as Entry).at >= last.at) break;
      heap[parent] = heap[child] as Entry;
      parent = child;
    }
    heap[parent] = last;
    return top;
  }
}
