import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auditSeeds } from '../../../../bench/audits/audit-seeds.js';
import { auditWorld, virtualWorld } from '../../../../bench/audits/virtual-audit.js';
import { clopperPearson } from '../../../../src/domain/audit/beta.js';
import { frameFigure, lossFigure, type Pointer } from '../../../../src/domain/audit/figures.js';

const tally = (due: number | null, missed = 0, more = {}) => ({
  known: (due ?? 3) - missed,
  draws: 1,
  weight: Math.max(1, (due ?? 3) - missed),
  due,
  missed,
  ...more,
});
const whole = (count: number) => Array.from({ length: count }, () => tally(4));

describe('lossFigure', () => {
  it('is exactly Clopper-Pearson where each thread is one message', () => {
    const threads = Array.from({ length: 100 }, (_, index) => tally(1, 0, index < 5 ? { known: 0, missed: 1 } : {}));
    expect(lossFigure(threads, 'sample')).toMatchObject({ estimate: 0.05, ...clopperPearson(5, 100) });
  });

  it('bounds a loss that no draw met by the rule of three, and never calls it zero', () => {
    const { estimate, lower, upper } = lossFigure(whole(300), 'sample');
    expect([estimate, lower]).toEqual([0, 0]);
    expect(upper).toBeCloseTo(3.69 / 300, 3);
  });

  it('says everything is possible where nothing was drawn or nothing could be read', () => {
    expect(lossFigure([], 'sample')).toMatchObject({ estimate: null, lower: 0, upper: 1 });
    expect(lossFigure([], 'census')).toMatchObject({ estimate: null, lower: 0, upper: 1 });
    expect(lossFigure([tally(0)], 'census')).toMatchObject({ estimate: null, lower: 0, upper: 1 });
    expect(lossFigure([tally(null), tally(null)], 'sample')).toMatchObject({ estimate: null, lower: 0, upper: 1 });
  });

  it('takes a thread that could not be read as lost for the upper end and as whole for the lower one', () => {
    const read = [...whole(95), ...Array.from({ length: 5 }, () => tally(4, 2))];
    const before = lossFigure(read, 'sample');
    const after = lossFigure([...read, tally(null, 0, { draws: 5 })], 'sample');
    expect(after.estimate).toBe(before.estimate);
    expect(after.upper).toBeGreaterThan(before.upper + 0.03);
    expect(after.lower).toBeLessThan(before.lower);
    expect(after.unreadDraws).toBe(5);
  });

  it('holds its own estimate, whatever was drawn', () => {
    const thread = fc
      .tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 3 }))
      .map(([held, missed, draws]) => ({ known: held, draws, weight: Math.max(held, 5), due: held + missed, missed }));
    fc.assert(
      fc.property(fc.array(thread, { maxLength: 60 }), (threads) => {
        const { estimate, lower, upper } = lossFigure(threads, 'sample');
        if (estimate === null) return;
        expect(lower).toBeLessThanOrEqual(estimate + 1e-9);
        expect(upper).toBeGreaterThanOrEqual(estimate - 1e-9);
      }),
    );
  });

  it('of a census is the share itself, and open only by what could not be read', () => {
    expect(lossFigure([tally(4, 0, { weight: 1 }), tally(4, 2, { weight: 1 })], 'census')).toMatchObject({
      estimate: 0.25,
      lower: 0.25,
      upper: 0.25,
    });
    const open = lossFigure(
      [tally(4, 0, { weight: 1 }), tally(4, 2, { weight: 1 }), tally(null, 0, { known: 2, weight: 1 })],
      'census',
    );
    expect(open).toMatchObject({ estimate: 0.25, lower: 0.2, upper: 0.4 });
  });
});

describe('a hundred seeded audits', () => {
  it('the interval holds the truth in more than 93, and figure (b) reads unknown in all of them [loss case 2]', () => {
    const account = auditSeeds(1, 100);
    expect(account.held).toBeGreaterThanOrEqual(93);
    expect([account.unknown, account.neverListed, account.misjudged]).toEqual([100, 100, 0]);
    expect(account.price).toBeLessThan(2);
  });

  it('an audit that overlooks what it finds would be noticed, so that the test above can fail', () => {
    const blind = Array.from({ length: 100 }, (_, index) => {
      const world = virtualWorld(index + 1);
      const { truth } = auditWorld(world, index + 1);
      const seen = {
        ...world,
        threads: world.threads.map((one) => ({ ...one, messages: one.messages.filter((m) => m.held) })),
      };
      const { figure } = auditWorld(seen, index + 1);
      return figure.lower <= truth && truth <= figure.upper;
    });
    expect(blind.filter(Boolean).length).toBeLessThan(93);
  });
});

describe('frameFigure', () => {
  const pointer: Pointer = { witness: 'references', checked: 500, holes: 0, closed: 0, ids: [] };
  const capture = { witness: 'webhook', named: 120, listed: 120, listings: 3_000 };

  it('is unknown without a witness', () => {
    expect(frameFigure([], [])).toMatchObject({ state: 'unknown', captures: [], holes: 0 });
  });

  it('stays unknown where what could point at a hole points at none: that proves nothing', () => {
    expect(frameFigure([], [pointer]).state).toBe('unknown');
    expect(frameFigure([], [{ ...pointer, holes: 3 }])).toMatchObject({ state: 'unknown', holes: 3 });
  });

  it('stays unknown where a witness has named too little', () => {
    expect(frameFigure([{ ...capture, named: 9, listed: 9 }], []).state).toBe('unknown');
  });

  it('is bounded by a witness that names threads whether they are listed or not', () => {
    const [all] = frameFigure([capture], []).captures;
    expect(all).toMatchObject({ lower: 0, threads: 3_000 });
    expect(all?.upper).toBeCloseTo(3.64 / 120, 3);
    const [fewer] = frameFigure([{ ...capture, listed: 108 }], []).captures;
    expect(fewer?.threads).toBe(3_330); // Chapman: 121 x 3001 / 109 - 1
    expect(fewer?.lower).toBeGreaterThan(0.05);
  });
});
