import { describe, expect, it } from 'vitest';
import { isMassParking } from '../../../src/domain/mass-parking.js';
import { retryAt, retryGapsMs } from '../../../src/domain/park-retry.js';

const NONE = { fresh: 0, rows: 0 };

describe('so many unreadable rows that the source is stopped', () => {
  it.each([
    [5, 24, true],
    [5, 25, false],
    [4, 4, false],
    [100, 100, true],
    [20, 100, false],
    [21, 100, true],
    [0, 0, false],
  ])('%i of %i rows: %s', (fresh, rows, stops) => {
    expect(isMassParking({ fresh, rows }, NONE)).toBe(stops);
    expect(isMassParking(NONE, { fresh, rows })).toBe(stops);
  });
});

describe('the gaps after which what is parked is asked for again', () => {
  it('grow from a minute to a day and stay there', () => {
    const minutes = [0, 1, 2, 3, 4, 5, 6, 7, 1_000].map(
      (attempts) => retryAt(new Date(0), attempts, { parkRetryMs: 60_000 }).getTime() / 60_000,
    );
    expect(minutes).toEqual([1, 5, 30, 120, 300, 600, 1440, 1440, 1440]);
    expect(retryGapsMs({ parkRetryMs: 1_000 }).at(-1)).toBe(1_440_000);
  });
});
