import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freshPace, nextPace, type Pace, type PaceLimits, queueRate, type Seen } from '../../../src/domain/pacing.js';
import {
  acceptedPerSecond,
  perMinute,
  perSecond,
  perSlidingMinute,
  refusedShare,
  runPaced,
} from '../../support/paced-world.js';

const CEILING = 50;
const SECOND = 1_000;
const limits: PaceLimits = { ceiling: CEILING, openMs: 30_000, openMaxMs: 300_000, blockedUntil: null };
const quiet: Seen = {
  finished: 100,
  failed: 0,
  refused: 0,
  longestRetryAfterMs: 0,
  acceptedPerSecond: null,
  medianMs: 20,
  extra: 0,
  window: { finished: 100, failed: 0 },
};

/** Looks one after another, five seconds apart. */
const after = (pace: Pace, ...looks: Partial<Seen>[]): Pace =>
  looks.reduce<Pace>((now, seen) => nextPace(now, { ...quiet, ...seen }, limits, now.observedAt + 5 * SECOND), pace);

describe('a hidden limit in virtual time', () => {
  it('that drops from 100 to 25 a second and comes back is refused under 1 % of calls, and is used again within 2 minutes', () => {
    const limitAt = (now: number) => (now >= 60 * SECOND && now < 180 * SECOND ? 25 : 100);
    const run = runPaced(perSecond(limitAt), { ceiling: CEILING, seconds: 330, latencyMs: 30 });
    expect(refusedShare(run)).toBeLessThan(0.01);
    expect(acceptedPerSecond(run, 90, 180)).toBeGreaterThan(0.7 * 25);
    expect(acceptedPerSecond(run, 290, 300)).toBeGreaterThan(0.9 * acceptedPerSecond(run, 30, 60));
  });

  it('comes back within 2 minutes at whichever moment it does', () => {
    for (let back = 120; back < 180; back += 6) {
      const limitAt = (now: number) => (now >= 30 * SECOND && now < back * SECOND ? 25 : 100);
      const run = runPaced(perSecond(limitAt), { ceiling: CEILING, seconds: back + 120, latencyMs: 30 });
      expect(acceptedPerSecond(run, back + 110, back + 120), `back after ${back} s`).toBeGreaterThan(0.9 * CEILING);
    }
  });

  it.each([
    ['of each minute of the clock', perMinute(300)],
    ['of any sixty seconds', perSlidingMinute(300)],
  ])('%s is used to 85 %% and more, with under 1 %% of calls refused', (_, limit) => {
    const run = runPaced(limit, { ceiling: 10, seconds: 900, latencyMs: 30 });
    expect(refusedShare(run)).toBeLessThan(0.01);
    expect(acceptedPerSecond(run, 240, 900) / 5).toBeGreaterThan(0.85);
  });

  it('no call leaves between the arrival of a 429 and the end of its pause', () => {
    const { calls } = runPaced(
      perSecond(() => 25),
      { ceiling: CEILING, seconds: 120, latencyMs: 30 },
    );
    const refused = calls.filter((call) => call.pauseMs > 0);
    expect(refused.length).toBeGreaterThan(3);
    for (const { finishedAt, pauseMs } of refused) {
      const during = calls.filter((call) => call.openedAt > finishedAt && call.openedAt < finishedAt + pauseMs);
      expect(during).toEqual([]);
    }
  });
});

describe('the rate in force', () => {
  const seen = fc.record({
    finished: fc.nat(500),
    failed: fc.nat(500),
    refused: fc.nat(50),
    longestRetryAfterMs: fc.nat(3_600_000),
    acceptedPerSecond: fc.option(fc.double({ min: 0, max: 200, noNaN: true })),
    medianMs: fc.option(fc.double({ min: 0, max: 20_000, noNaN: true })),
    extra: fc.nat(500),
    window: fc.record({ finished: fc.nat(500), failed: fc.nat(500) }),
  });

  it('lies between floor and ceiling whatever is seen, and what the queue releases never exceeds it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(seen, fc.nat(120_000)), { maxLength: 40 }),
        fc.double({ min: 0.01, max: 1_000, noNaN: true }),
        (looks, ceiling) => {
          let pace = freshPace(ceiling, 0);
          let now = 0;
          for (const [one, laterMs] of looks) {
            now += laterMs;
            pace = nextPace(pace, one, { ...limits, ceiling }, now);
            expect(pace.rate).toBeGreaterThanOrEqual(Math.min(ceiling, ceiling / 50));
            expect(pace.rate).toBeLessThanOrEqual(ceiling);
            const released = queueRate(pace, { ceiling, blockedUntil: null }, now);
            expect(released).toBeGreaterThanOrEqual(0);
            expect(released).toBeLessThanOrEqual(Math.max(pace.rate, 0));
            expect(queueRate(pace, { ceiling, blockedUntil: now + 1 }, now)).toBe(0);
          }
        },
      ),
    );
  });

  it('never rises in a look that saw a refusal, and falls unless it is at the floor', () => {
    fc.assert(
      fc.property(fc.double({ min: 1.01, max: CEILING, noNaN: true }), seen, (rate, one) => {
        const before = { ...freshPace(CEILING, 0), rate, reason: 'rising' as const };
        const now = nextPace(before, { ...one, refused: 1, window: quiet.window }, limits, 5 * SECOND);
        expect(now.rate).toBeLessThan(rate);
        expect(now.refusedAt).toBe(5 * SECOND);
      }),
    );
  });

  it('a second refusal right after the first halves it', () => {
    const once = after(freshPace(CEILING, 0), { refused: 3 });
    expect(once).toMatchObject({ rate: 40, reason: 'refused', refusedRate: 50 });
    expect(after(once, { refused: 1 }).rate).toBe(20);
  });

  it('after a long Retry-After it starts from what the provider took in a minute', () => {
    const pace = after(freshPace(CEILING, 0), { refused: 1, longestRetryAfterMs: 30_000, acceptedPerSecond: 20 });
    expect(pace).toMatchObject({ refusedRate: 20, rate: 16 });
  });

  it('does not rise for the time of a pause', () => {
    const paused = { ...limits, blockedUntil: 65 * SECOND };
    const refused = nextPace(freshPace(CEILING, 0), { ...quiet, refused: 1 }, paused, 5 * SECOND);
    expect(nextPace(refused, quiet, limits, 65 * SECOND).rate).toBe(refused.rate);
  });

  it('falls where a tenth of the calls fails or answers take three times as long, and says so', () => {
    expect(after(freshPace(CEILING, 0), { failed: 12 })).toMatchObject({ reason: 'failing', rate: 35 });
    const usual = after(freshPace(CEILING, 0), { medianMs: 400 });
    expect(after(usual, { medianMs: 1_500 })).toMatchObject({ reason: 'slow', rate: 45 });
    expect(after(usual, { medianMs: 1_100 })).toMatchObject({ reason: 'ceiling' });
  });

  it('a provider that became slower for good is not slow for ever', () => {
    let pace = after(freshPace(CEILING, 0), { medianMs: 100 });
    for (let look = 0; look < 200; look++) pace = after(pace, { medianMs: 1_200 });
    expect(pace.reason).toBe('ceiling');
  });

  it('what sends call beside the queue is taken off what the queue releases', () => {
    let pace = freshPace(CEILING, 0);
    for (let look = 0; look < 10; look++) pace = after(pace, { extra: 100 }); // 20 a second
    expect(queueRate(pace, limits, pace.observedAt)).toBeCloseTo(30, 0);
    expect(pace.rate).toBe(CEILING);
  });

  it('follows a ceiling that is lowered at once, and one that is raised where nothing spoke against the one before', () => {
    const fresh = freshPace(CEILING, 0);
    expect(nextPace(fresh, quiet, { ...limits, ceiling: 5 }, SECOND).rate).toBe(5);
    expect(nextPace(fresh, quiet, { ...limits, ceiling: 80 }, SECOND).rate).toBe(80);
  });
});

describe('the breaker', () => {
  const broken = { window: { finished: 40, failed: 30 }, failed: 30 };
  const opened = after(freshPace(CEILING, 0), broken);

  it('opens when half of at least twenty calls failed, and lets nothing out', () => {
    expect(opened).toMatchObject({ breaker: 'open', reason: 'breaker_opened', openUntil: 35 * SECOND });
    expect(queueRate(opened, limits, 5 * SECOND)).toBe(0);
    expect(after(freshPace(CEILING, 0), { window: { finished: 19, failed: 19 } }).breaker).toBe('closed');
    expect(after(freshPace(CEILING, 0), { window: { finished: 40, failed: 19 } }).breaker).toBe('closed');
  });

  it('lets a trickle out after its time, and closes at half the rate when most of it succeeds', () => {
    const none = { ...quiet, finished: 0, window: { finished: 0, failed: 0 } };
    const probing = nextPace(opened, none, limits, 35 * SECOND);
    expect(probing).toMatchObject({ breaker: 'half_open', reason: 'breaker_probing' });
    expect(queueRate(probing, limits, 35 * SECOND)).toBe(1);
    const closed = nextPace(probing, { ...quiet, window: { finished: 3, failed: 0 } }, limits, 40 * SECOND);
    expect(closed).toMatchObject({ breaker: 'closed', reason: 'breaker_closed' });
    expect(closed.rate).toBeLessThanOrEqual(CEILING / 2);
  });

  it('opens for twice as long each time that the trickle fails, up to its longest time', () => {
    let pace = opened;
    const lengths: (number | null)[] = [];
    for (let round = 0; round < 6; round++) {
      pace = nextPace(pace, quiet, limits, pace.openUntil ?? 0);
      pace = nextPace(pace, { ...quiet, window: { finished: 3, failed: 2 } }, limits, pace.observedAt + 5 * SECOND);
      lengths.push(pace.openMs);
    }
    expect(lengths).toEqual([60_000, 120_000, 240_000, 300_000, 300_000, 300_000]);
  });
});
