import { describe, expect, it } from 'vitest';
import { forecast } from '../../../../src/domain/schedule/forecast.js';
import { DEFAULT_TIMING } from '../../../../src/domain/timing.js';

const T = DEFAULT_TIMING;
const at = (threadsPerDay: number, ratePerSecond: number) =>
  forecast({ threadsPerDay, ratePerSecond, threadsPerPage: 100, timing: T });

describe('the forecast for a source that is not installed yet', () => {
  it('of 1,000 threads a day is about 1.4 calls a second for the visits, and the guarantee fits 10 calls a second', () => {
    const { callsPerSecond, guarantee, callsPerDay } = at(1_000, 10);
    expect(callsPerSecond.visits).toBeGreaterThan(1.2);
    expect(callsPerSecond.visits).toBeLessThan(1.6);
    expect(guarantee).toMatchObject({ fits: true, share: T.visitSilenceShare });
    expect(guarantee.rateNeeded).toBeLessThan(1.5);
    expect(callsPerDay).toBeCloseTo(callsPerSecond.all * 86_400, 6);
  });

  it('names the share that fits where the rate is too low, and the rate that would carry the guarantee', () => {
    const low = at(1_000, 0.5);
    expect(low.guarantee.fits).toBe(false);
    expect(low.guarantee.share).toBeGreaterThan(T.visitSilenceShare);
    expect(low.callsPerSecond.all).toBeLessThanOrEqual(0.5);
    expect(at(1_000, low.guarantee.rateNeeded * 1.001).guarantee.fits).toBe(true);
  });

  it('grows with the threads, and a source without any costs its listings alone', () => {
    const [none, few, many] = [at(0, 10), at(100, 10), at(200, 10)];
    expect(none.callsPerSecond.visits).toBe(0);
    expect(many.callsPerSecond.visits).toBeCloseTo(2 * few.callsPerSecond.visits, 6);
    expect(many.temporal.eventsPerDay).toBeGreaterThan(few.temporal.eventsPerDay);
  });
});
