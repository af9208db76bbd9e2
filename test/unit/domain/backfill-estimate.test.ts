import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COURTEOUS_PACE } from '../../../src/domain/backfill.js';
import { estimateCalls, type KnownVolume, pagesOfThread } from '../../../src/domain/backfill-estimate.js';

const DAY = 86_400_000;

const volume = (more: Partial<KnownVolume> = {}): KnownVolume => ({
  widthMs: 365 * DAY,
  sizes: [
    { messages: 2, threads: 900 },
    { messages: 30, threads: 100 },
  ],
  listedShare: 1,
  lossUpper: 0.5,
  frameUpper: 0.2,
  allowedPerSecond: 10,
  takenPerSecond: 2,
  pace: COURTEOUS_PACE,
  ...more,
});

describe('what a backfill will cost', () => {
  it('is at the least what is held already, at the most what the audits leave open', () => {
    const estimate = estimateCalls(volume());
    expect(estimate.threads).toEqual({ least: 1_000, most: 1_250 });
    expect(estimate.messages).toEqual({ least: 4_800, most: 12_000 });
    expect(estimate.messagePages).toEqual({ least: 900 + 100 * 3, most: Math.ceil((900 + 100 * 4) * 1.25) });
    expect(estimate.listPages).toEqual({ least: 13, most: 365 });
    expect(estimate.calls).toEqual({ least: 1_213, most: 1_625 + 365 });
    // A second a call, and five more after each hundred threads.
    expect(estimate.durationMs).toEqual({ least: 1_213_000 + 50_000, most: 1_990_000 + 60_000 });
  });

  it('has no upper end where nothing was ever listed', () => {
    const estimate = estimateCalls(volume({ sizes: [], listedShare: 0 }));
    expect(estimate.calls).toEqual({ least: 13, most: null });
    expect(estimate.durationMs.most).toBeNull();
    expect(estimate.restsOn.join(' ')).toContain('nothing bounds it from above');
  });

  it('takes what live work leaves of the budget where no ceiling is set', () => {
    const { perSecond } = estimateCalls(volume({ pace: { ...COURTEOUS_PACE, perSecond: null } }));
    expect(perSecond).toEqual({ least: 8, most: 10 });
  });

  it('counts the page that confirms for several pages and for none', () => {
    expect([0, 1, 25, 26, 51].map(pagesOfThread)).toEqual([2, 1, 1, 3, 4]);
  });

  it('has its ends in order, whatever is known', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const sizes = fc.array(fc.record({ messages: fc.nat({ max: 200 }), threads: fc.nat({ max: 5_000 }) }), {
      maxLength: 5,
    });
    const bound = fc.option(share, { nil: null });
    fc.assert(
      fc.property(
        sizes,
        share,
        bound,
        bound,
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        (held, listedShare, lossUpper, frameUpper, rate) => {
          const estimate = estimateCalls(
            volume({
              sizes: held,
              listedShare,
              lossUpper,
              frameUpper,
              allowedPerSecond: rate,
              takenPerSecond: rate / 2,
            }),
          );
          for (const { least, most } of [
            estimate.threads,
            estimate.messages,
            estimate.messagePages,
            estimate.listPages,
            estimate.calls,
            estimate.durationMs,
          ])
            if (most !== null) expect(least).toBeLessThanOrEqual(most);
          expect(estimate.perSecond.least).toBeLessThanOrEqual(estimate.perSecond.most);
        },
      ),
      // Next to nothing of it was listed: its inverse is beyond all numbers once it is multiplied.
      { examples: [[[], 5.56268464626801e-309, null, 0, 0.01]] },
    );
  });
});
