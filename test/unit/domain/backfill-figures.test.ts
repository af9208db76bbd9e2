import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ageOfBucket,
  claimOf,
  inPercent,
  lossRuns,
  notListed,
  THREAD_AGES,
  totalOf,
} from '../../../src/domain/backfill-figures.js';

const DAY = 86_400_000;

describe('a share of what the provider holds', () => {
  it('is a point only where nothing was left out', () => {
    expect(claimOf(3, 4, { whole: true, beside: 0 })).toEqual({ state: 'exact', share: 0.75 });
    expect(claimOf(3, 4, { whole: false, beside: 4 })).toEqual({ state: 'at_most', share: 7 / 8 });
    expect(claimOf(0, 0, { whole: true, beside: 0 }).state).toBe('unknown');
  });

  it('is unknown where all that is known of the rest is that it may be ours', () => {
    expect(claimOf(4, 4, { whole: false, beside: 9 }).state).toBe('unknown');
    expect(claimOf(0, 0, { whole: false, beside: 0 }).state).toBe('unknown');
  });

  it('never lies below what it would be, whatever the provider holds in the rest', () => {
    const counts = fc.nat({ max: 500 });
    fc.assert(
      fc.property(counts, counts, counts, counts, (known, missed, knownElsewhere, missedElsewhere) => {
        const [part, of] = [known, known + missed];
        const claim = claimOf(part, of, { whole: false, beside: knownElsewhere });
        const truth = (part + knownElsewhere) / (of + knownElsewhere + missedElsewhere);
        if (claim.state !== 'unknown') expect(claim.share).toBeGreaterThanOrEqual(truth - 1e-12);
      }),
    );
  });

  it('is said in per cent without flattering: all and nothing mean all and nothing', () => {
    expect([inPercent(0.99999, 'down'), inPercent(1, 'down'), inPercent(0.00001, 'up'), inPercent(0, 'up')]).toEqual([
      '99.9 %',
      '100 %',
      '0.1 %',
      '0 %',
    ]);
    expect([inPercent(0.00001, 'down'), inPercent(0.29, 'up'), inPercent(0.29, 'down')]).toEqual([
      '0 %',
      '29.0 %',
      '29.0 %',
    ]);
  });
});

it('months add up to totals', () => {
  const month = fc.record({ shown: fc.nat(), known: fc.nat(), shownInbound: fc.nat(), knownInbound: fc.nat() });
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^20[0-2]\d-0[1-9]$/), month), (months) => {
      const total = totalOf(months);
      for (const key of ['shown', 'known', 'shownInbound', 'knownInbound'] as const)
        expect(total[key]).toBe(Object.values(months).reduce((sum, one) => sum + one[key], 0));
    }),
  );
});

it('every bucket of ages has its class, and no age is unknown', () => {
  const classes = [0, 1, 2, 3, 4, 5, 6, null].map(ageOfBucket);
  expect(classes).toEqual(Object.keys(THREAD_AGES));
});

describe('runs of days on which more was missed than was ours', () => {
  it('join days in a row, the worst first', () => {
    const runs = lossRuns([
      { day: '2026-02-28', missed: 3, ours: 1 },
      { day: '2026-03-01', missed: 2, ours: 1 },
      { day: '2026-03-03', missed: 9, ours: 0 },
      { day: '2026-03-02', missed: 1, ours: 1 },
    ]);
    expect(runs).toEqual([
      { from: '2026-03-03', to: '2026-03-03', days: 1, missed: 9, ours: 0 },
      { from: '2026-02-28', to: '2026-03-01', days: 2, missed: 5, ours: 2 },
    ]);
  });

  it('lose no bad day, and hold no other', () => {
    const days = fc.uniqueArray(
      fc.record({ at: fc.nat({ max: 60 }), missed: fc.nat({ max: 5 }), ours: fc.nat({ max: 5 }) }),
      { selector: (one) => one.at },
    );
    fc.assert(
      fc.property(days, (list) => {
        const counts = list.map(({ at, ...rest }) => ({ day: new Date(at * DAY).toISOString().slice(0, 10), ...rest }));
        const bad = counts.filter((one) => one.missed > one.ours);
        const runs = lossRuns(counts);
        expect(runs.reduce((sum, run) => sum + run.missed, 0)).toBe(bad.reduce((sum, one) => sum + one.missed, 0));
        expect(runs.reduce((sum, run) => sum + run.days, 0)).toBe(bad.length);
        for (const run of runs) expect(Date.parse(run.to) - Date.parse(run.from)).toBe((run.days - 1) * DAY);
      }),
    );
  });
});

it('creation time that was tried in vain is told from what is still ahead', () => {
  const whole = { from: 0, to: 10 * DAY };
  const listed = [{ from: 6 * DAY, to: 10 * DAY }];
  const unlisted = [{ from: 4 * DAY, to: 7 * DAY }]; // a part of it was listed after all
  expect(notListed(whole, { listed, unlisted })).toEqual({ unlistedMs: 2 * DAY, aheadMs: 4 * DAY });
});

it('docs/reference/backfill.md has every class of ages, and no other', () => {
  const page = readFileSync('docs/reference/backfill.md', 'utf8');
  const lines = page.split('| Age of the thread | Meaning |')[1]?.split('\n').slice(2) ?? [];
  const rows = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('|')),
  );
  expect(rows.map((line) => line.slice(2, -2).replaceAll('`', '').split(' | '))).toEqual(Object.entries(THREAD_AGES));
});
