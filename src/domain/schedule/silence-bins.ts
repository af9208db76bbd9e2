const MINUTE_MS = 60_000;

/** Silences by powers of two of a minute: bin k holds [2^k, 2^(k+1)) minutes, the first also what is shorter, the last the rest. */
export const BIN_COUNT = 20;

/** Lower bounds of the bins after the first, in minutes, as Postgres' width_bucket takes them. */
export const BIN_BOUNDS_MINUTES: readonly number[] = Array.from(
  { length: BIN_COUNT - 1 },
  (_, index) => 2 ** (index + 1),
);

export const binOf = (silenceMs: number): number =>
  silenceMs < 2 * MINUTE_MS ? 0 : Math.min(BIN_COUNT - 1, Math.floor(Math.log2(silenceMs / MINUTE_MS)));

export const binStartMs = (bin: number): number => (bin === 0 ? 0 : 2 ** bin * MINUTE_MS);
export const binEndMs = (bin: number): number =>
  bin === BIN_COUNT - 1 ? Number.POSITIVE_INFINITY : 2 ** (bin + 1) * MINUTE_MS;
/** The silence that stands for a bin: its middle on the scale of its powers. */
export const binMiddleMs = (bin: number): number => 2 ** (bin + 0.5) * MINUTE_MS;
