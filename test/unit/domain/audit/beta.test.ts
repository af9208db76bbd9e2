import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { betaQuantile, clopperPearson, incompleteBeta } from '../../../../src/domain/audit/beta.js';

/** P(X <= k) of a binomial, by its terms: exact for the sizes below. */
function binomialTail(k: number, n: number, p: number): number {
  let term = (1 - p) ** n;
  let sum = term;
  for (let i = 1; i <= k; i++) {
    term *= ((n - i + 1) / i) * (p / (1 - p));
    sum += term;
  }
  return sum;
}

const trials = fc.integer({ min: 1, max: 60 }).chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));
const share = fc.double({ min: 0.001, max: 0.999, noNaN: true });

describe('incompleteBeta', () => {
  it('equals the tail of a binomial, summed term by term', () => {
    fc.assert(
      fc.property(trials, share, ([k, n], p) => {
        fc.pre(k < n);
        expect(incompleteBeta(1 - p, n - k, k + 1)).toBeCloseTo(binomialTail(k, n, p), 9);
      }),
    );
  });

  it('has the quantile as its inverse, for large and for fractional parameters', () => {
    const parameter = fc.double({ min: 0.5, max: 50_000, noNaN: true });
    fc.assert(
      fc.property(share, parameter, parameter, (p, a, b) => {
        expect(incompleteBeta(betaQuantile(p, a, b), a, b)).toBeCloseTo(p, 6);
      }),
    );
  });
});

describe('clopperPearson', () => {
  it('ends where a binomial would show so few, or so many, in one case of forty', () => {
    fc.assert(
      fc.property(trials, ([k, n]) => {
        const { lower, upper } = clopperPearson(k, n);
        if (k < n) expect(binomialTail(k, n, upper)).toBeCloseTo(0.025, 7);
        else expect(upper).toBe(1);
        if (k > 0) expect(1 - binomialTail(k - 1, n, lower)).toBeCloseTo(0.025, 7);
        else expect(lower).toBe(0);
      }),
    );
  });

  it('agrees with the printed tables: 0 of 100, 5 of 100', () => {
    expect(clopperPearson(0, 100).upper).toBeCloseTo(0.0362, 4);
    expect(clopperPearson(5, 100).lower).toBeCloseTo(0.0164, 4);
    expect(clopperPearson(5, 100).upper).toBeCloseTo(0.1128, 4);
  });

  it('says nothing without a trial', () => {
    expect(clopperPearson(0, 0)).toEqual({ lower: 0, upper: 1 });
  });

  it('is never narrower for a fraction of each hit than that fraction of the interval for whole hits', () => {
    // What makes fractions of hits safe where every lossy thread lost the same share: docs/adr/0015.
    fc.assert(
      fc.property(trials, fc.double({ min: 0.01, max: 1, noNaN: true }), ([hits, n], part) => {
        const whole = clopperPearson(hits, n);
        const parts = clopperPearson(part * hits, n);
        expect(parts.upper).toBeGreaterThanOrEqual(part * whole.upper - 1e-9);
        expect(parts.lower).toBeLessThanOrEqual(part * whole.lower + 1e-9);
      }),
    );
  });
});
