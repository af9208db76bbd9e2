import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstCaseClock, tickCase } from '../../../src/domain/cases.js';
import { DEFAULT_TIMING } from '../../../src/domain/timing.js';

const HOUR = 3_600_000;

/** What is done of a case that is looked at exactly when it asks to be, for so long after its opening, with the hour of each. */
function lifeOf(hours: number): string[] {
  const done: string[] = [];
  let clock = firstCaseClock(0, DEFAULT_TIMING);
  for (let now = clock.nextAt; now <= hours * HOUR; now = clock.nextAt) {
    const tick = tickCase(clock, now, DEFAULT_TIMING);
    done.push(`${tick.due} ${now / HOUR}`);
    clock = tick.clock;
  }
  return done;
}

describe('the clock of a case', () => {
  it('reminds after 4 and 12 hours, and from 24 hours on tells that it is overdue at gaps that grow to a day', () => {
    const life = [
      'reminded 4',
      'reminded 12',
      'overdue 24',
      'overdue 28',
      'overdue 36',
      'overdue 52',
      'overdue 76',
      'overdue 100',
    ];
    expect(lifeOf(100)).toEqual(life);
  });

  it('does nothing before its time, moves forward whenever it does something, and looks again at the deadline at the latest', () => {
    const looks = fc.array(fc.integer({ min: 0, max: 200 * HOUR }), { maxLength: 30 });
    fc.assert(
      fc.property(looks, (gaps) => {
        let clock = firstCaseClock(0, DEFAULT_TIMING);
        let now = 0;
        for (const gap of gaps) {
          now += gap;
          const { due, clock: after } = tickCase(clock, now, DEFAULT_TIMING);
          expect(due === null).toBe(now < clock.nextAt);
          expect(due === 'overdue').toBe(now >= clock.nextAt && now >= clock.dueAt);
          if (due !== null) expect(after.nextAt).toBeGreaterThan(now);
          if (now < clock.dueAt) expect(after.nextAt).toBeLessThanOrEqual(clock.dueAt);
          clock = after;
        }
      }),
    );
  });
});
