/** Seconds that a backfill still needs, with the range that its rate has had. */
export interface Eta {
  seconds: number;
  least: number;
  most: number;
}

export interface EtaInput {
  /** Share of the creation time that is listed, 0 to 1. */
  walked: number;
  listed: number;
  /** Threads that are read, gone or given up. */
  closed: number;
  /** Message pages asked for so far. */
  calls: number;
  /** Calls per second over the last minute. */
  perSecond: number;
  /** The slowest and the fastest tenth of the minutes so far, calls per second; null before there are some. */
  spread: { slow: number; fast: number } | null;
}

/** From what was walked so far: as many threads per day, as many calls per thread. Null where nothing can be told yet. */
export function etaOf({ walked, listed, closed, calls, perSecond, spread }: EtaInput): Eta | null {
  if (walked <= 0 || closed === 0 || perSecond <= 0) return null;
  const threadsLeft = listed / walked - closed;
  const callsLeft = Math.max(0, threadsLeft) * (calls / closed);
  const within = (rate: number) => callsLeft / Math.max(rate, 1e-3);
  return {
    seconds: within(perSecond),
    least: within(Math.max(perSecond, spread?.fast ?? perSecond)),
    most: within(Math.min(perSecond, spread?.slow ?? perSecond)),
  };
}
