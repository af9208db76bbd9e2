import { describe, expect, it } from 'vitest';
import { DEFAULT_TIMING, type Timing, wholeTiming } from '../../../src/domain/timing.js';

describe('the timing of a run', () => {
  it('keeps the values that it was started with', () => {
    expect(wholeTiming({ ...DEFAULT_TIMING, pollEveryMs: 5 }).pollEveryMs).toBe(5);
  });

  it('takes the default for a field that did not exist when it was started', () => {
    const { ledgerTimeoutMs: _, ...older }: Timing = DEFAULT_TIMING;
    expect(wholeTiming(older)).toEqual(DEFAULT_TIMING);
  });
});
