import type { Clock } from '../../src/domain/clock.js';

/** A Monday at noon, in a month whose partitions `testLedger` makes. */
export const START = new Date('2026-03-02T12:00:00.000Z');
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A clock that stands still until it is turned. */
export interface TestClock extends Clock {
  advance(ms: number): Date;
}

export const testClock = (start: Date = START): TestClock => {
  let at = start.getTime();
  return {
    now: () => new Date(at),
    advance: (ms) => {
      at += ms;
      return new Date(at);
    },
  };
};

/** The start of the tests' time, earlier or later by so much, as a provider would write it. */
export const iso = (offsetMs = 0): string => new Date(START.getTime() + offsetMs).toISOString();
