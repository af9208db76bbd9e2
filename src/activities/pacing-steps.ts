import { PaceInput } from '../contracts/pacing-steps.js';
import type { BreakerState, Pace, PaceReason } from '../domain/pacing.js';
import { isCalm, nextPace, queueRate } from '../domain/pacing.js';
import { markAbandonedCalls } from '../ledger/abandoned-calls.js';
import { quenchAlarm, raiseAlarm } from '../ledger/alarms.js';
import { ownQueueRate } from '../ledger/backfills.js';
import type { Sql } from '../ledger/database.js';
import { blockSource, holdPacer, type Observed, observeCalls, storePacer } from '../ledger/pacers.js';
import type { ActivityDeps } from './deps.js';
import { endLostBackfill } from './lost-backfills.js';
import { setBackfillQueueRate, setQueueRate } from './queue-rate.js';

export interface PaceResult {
  /** Calls per second that the queue releases from now on. */
  queueRate: number;
  rate: number;
  ceiling: number;
  breaker: BreakerState;
  reason: PaceReason;
  /** ISO; null where the source is not paused. */
  blockedUntil: string | null;
  nextMs: number;
}

/** An attempt is over so long after its timeout, whatever its worker does. */
const SLACK_MS = 5_000;
const REJECTED_LEAST = 3;

/** The look of a source's pacer: what the ledger saw since the last one, the pace from it, the queue's rate. */
export const createPacingSteps = (deps: ActivityDeps) => {
  const { db, clock, timing, temporal, log } = deps;
  const longestCallMs = Math.max(timing.callTimeoutMs, timing.sendTimeoutMs) + SLACK_MS;
  const longerMs = Math.max(0, timing.attachmentTimeoutMs + SLACK_MS - longestCallMs);

  return {
    async pace(payload: PaceInput): Promise<PaceResult> {
      const { source } = PaceInput.parse(payload);
      const now = clock.now();
      const decided = await db.transaction(async (tx) => {
        const pacer = await holdPacer(tx, source, now);
        const { ceiling, sweptUntil } = pacer;
        const before = new Date(Math.max(sweptUntil.getTime(), now.getTime() - longestCallMs));
        const abandoned = await markAbandonedCalls(tx, source, { from: sweptUntil, before, now, longerMs });
        const windowMs = timing.breakerWindowMs;
        const seen = await observeCalls(tx, source, pacer, { now, windowMs, longestCallMs });
        const { breakerOpenMs: openMs, breakerOpenMaxMs: openMaxMs } = timing;
        const limits = { ceiling, openMs, openMaxMs, blockedUntil: pacer.blockedUntil };
        const pace = nextPace(pacer.pace, seen, limits, now.getTime());
        const opens = pace.breaker === 'open' && pace.openUntil !== pacer.pace.openUntil;
        // The breaker is the same word to every worker as a Retry-After: no call is opened before that instant.
        if (opens) await blockSource(tx, source, new Date(pace.openUntil ?? 0));
        const blockedUntil = Math.max(pacer.blockedUntil ?? 0, opens ? (pace.openUntil ?? 0) : 0) || null;
        const rate = queueRate(pace, { ceiling, blockedUntil }, now.getTime());
        await storePacer(tx, source, { pace, queueRate: rate, sweptUntil: before });
        await tellPeople(tx, source, { before: pacer.pace, pace, seen, opens, now });
        return { pace, before: pacer.pace, seen, ceiling, blockedUntil, rate, abandoned };
      });
      const own = await ownQueueRate(db, source, decided.rate);
      await setQueueRate(temporal, source, decided.rate - (own ?? 0));
      if (own !== null) await setBackfillQueueRate(temporal, source, own);
      await endLostBackfill(deps, source, now);
      report(source, decided);
      const { pace, seen, ceiling, rate } = decided;
      const restMs = Math.max(0, (decided.blockedUntil ?? 0) - now.getTime());
      const watchMs = isCalm(pace, seen, ceiling) ? timing.paceCalmMs : timing.paceEveryMs;
      return {
        queueRate: rate,
        rate: pace.rate,
        ceiling,
        breaker: pace.breaker,
        reason: pace.reason,
        blockedUntil: restMs > 0 ? new Date(decided.blockedUntil ?? 0).toISOString() : null,
        nextMs: restMs > 0 ? restMs : watchMs,
      };
    },
  };

  function report(
    source: string,
    {
      pace,
      before,
      blockedUntil,
      abandoned,
    }: { pace: Pace; before: Pace; blockedUntil: number | null; abandoned: string[] },
  ): void {
    const until = blockedUntil === null ? null : new Date(blockedUntil).toISOString();
    if (pace.breaker !== before.breaker)
      log.provider.warn({ event: 'breaker.turned', source, state: pace.breaker, from: before.breaker, until });
    if (pace.refusedAt !== before.refusedAt)
      log.provider.warn({ event: 'source.paused', source, until, rate: pace.rate });
    for (const callId of abandoned) log.provider.warn({ event: 'call.abandoned', source, callId });
  }
};

interface Turn {
  before: Pace;
  pace: Pace;
  seen: Observed;
  opens: boolean;
  now: Date;
}

/** A breaker that opens and a token that is rejected are for people; both are quenched by good answers, and resolved by nobody here. */
async function tellPeople(tx: Sql, source: string, { before, pace, seen, opens, now }: Turn): Promise<void> {
  const { finished, failed } = seen.window;
  const rejects = seen.rejected >= REJECTED_LEAST && seen.rejected * 2 >= finished;
  if (rejects && seen.good === 0) {
    const evidence = { rejected: seen.rejected, finished };
    await raiseAlarm(tx, { kind: 'token_rejected', source, subject: 'token', evidence, now });
  } else if (seen.good > 0 && seen.rejected === 0) {
    await quenchAlarm(tx, { kind: 'token_rejected', source, subject: 'token', now });
  }
  if (opens) {
    const evidence = { failed, finished, until: new Date(pace.openUntil ?? 0).toISOString() };
    await raiseAlarm(tx, { kind: 'source_trouble', source, subject: 'breaker', evidence, now });
  } else if (pace.breaker === 'closed' && before.breaker !== 'closed') {
    await quenchAlarm(tx, { kind: 'source_trouble', source, subject: 'breaker', now });
  }
}

export type PacingSteps = ReturnType<typeof createPacingSteps>;
