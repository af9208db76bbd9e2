import { expect, it } from 'vitest';
import { planWindow } from '../../../src/domain/coverage.js';
import { DEFAULT_TIMING } from '../../../src/domain/timing.js';

const DAY = 86_400_000;
const MINUTE = 60_000;
const end = Date.parse('2026-06-15T12:00:00Z');
const edge = end - 2 * MINUTE;
const horizon = { from: end - 400 * DAY, to: edge, begunAt: edge };

/** More than a page of threads a day, so that a wide listing of the moving edge costs more than a narrow one. */
const plan = (demandedAt: number | null) =>
  planWindow({ readings: [horizon], end, demandedAt, frontierPages: 3, timing: DEFAULT_TIMING }).find(
    (one) => one.to === end,
  );

it('the moving edge of a busy source is read narrowly', () => {
  expect(plan(null)).toMatchObject({ covering: false });
});

it('the edge is read widely where a demand reaches into it, so that the demand is met at once', () => {
  const owed = plan(edge);
  expect(owed).toMatchObject({ covering: false }); // met by what was read when it was made
  const demanded = planWindow({
    readings: [{ ...horizon, begunAt: end - MINUTE }],
    end,
    demandedAt: end - MINUTE,
    frontierPages: 3,
    timing: DEFAULT_TIMING,
  }).find((one) => one.to === end);
  expect(demanded?.covering).toBe(true);
  expect(end - (demanded?.from ?? end)).toBeGreaterThanOrEqual(DEFAULT_TIMING.coveringWidthMs);
});
