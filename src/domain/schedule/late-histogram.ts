/** Steps per doubling: a quantile is exact to 4 %. */
const STEPS = 16;
const UNIT_MS = 1_000;

/** Latenesses in steps of a sixteenth of a doubling: as many as there are, in the memory of a few hundred numbers. */
export class LateHistogram {
  readonly #counts = new Map<number, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(lateMs: number): void {
    const step = Math.ceil(STEPS * Math.log2(1 + Math.max(0, lateMs) / UNIT_MS));
    this.#counts.set(step, (this.#counts.get(step) ?? 0) + 1);
    this.#total += 1;
  }

  /** Milliseconds below or at which this share of them lies; null where there are none. */
  quantile(share: number): number | null {
    let below = 0;
    for (const [step, count] of [...this.#counts].sort(([one], [other]) => one - other)) {
      below += count;
      if (below >= share * this.#total) return (2 ** (step / STEPS) - 1) * UNIT_MS;
    }
    return null;
  }
}
