/** Where "now" comes from; the ledger and the planner take it from here, so that tests and a virtual clock can turn it. */
export interface Clock {
  now(): Date;
}

/** The machine's clock: the only place outside tests that asks it. */
export const systemClock: Clock = { now: () => new Date() };
