import type { BreakerState, PaceReason } from '../domain/pacing.js';
import type { Sql } from '../ledger/database.js';

/** How fast one source may be called, by the ledger alone. */
export interface Pacing {
  source: string;
  /** Calls per second in force, and the most that the operator allows. */
  rate: number;
  ceiling: number;
  /** What the queue releases per second: less than the rate while sends make calls of their own, nothing during a pause. */
  queueRate: number;
  reason: PaceReason;
  since: Date | null;
  breaker: BreakerState;
  /** Null where nothing holds calls back now. */
  blockedUntil: Date | null;
  /** 429s, and calls in all, of the last hour. */
  refusedLastHour: number;
  callsLastHour: number;
}

const HOUR_MS = 3_600_000;

/** Every source, or the one that is named. */
export async function readPacing(db: Sql, source: string | null, now: Date): Promise<Pacing[]> {
  const hourAgo = new Date(now.getTime() - HOUR_MS);
  return db.$queryRaw<Pacing[]>`
    SELECT source.name AS source, COALESCE(pacer.rate, source.rate_per_second) AS rate, source.rate_per_second AS ceiling,
           COALESCE(pacer.queue_rate, source.rate_per_second) AS "queueRate", COALESCE(pacer.reason, 'ceiling') AS reason,
           pacer.since, COALESCE(pacer.breaker, 'closed') AS breaker,
           CASE WHEN source.blocked_until > ${now} THEN source.blocked_until END AS "blockedUntil",
           (SELECT count(*)::int FROM provider_call WHERE provider_call.source = source.name AND opened_at > ${hourAgo}
              AND failure = 'SourceRateLimited') AS "refusedLastHour",
           (SELECT count(*)::int FROM provider_call WHERE provider_call.source = source.name AND opened_at > ${hourAgo})
             AS "callsLastHour"
    FROM source LEFT JOIN pacer ON pacer.source = source.name
    WHERE ${source}::text IS NULL OR source.name = ${source}::text ORDER BY source.name`;
}
