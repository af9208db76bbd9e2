import { type BreakerState, freshPace, type Pace, type PaceReason, type Seen } from '../domain/pacing.js';
import { only, type Sql } from './database.js';

/** Failures of a call that speak of the provider's state; one that speaks of a thread or of our parameters does not. */
export const TROUBLE = [
  'SourceUnreachable',
  'SourceTimeout',
  'SourceTrouble',
  'SourceAuthRejected',
  'SourceAnswerUnreadable',
] as const;

interface PacerRow {
  source: string;
  rate: number;
  queueRate: number;
  breaker: BreakerState;
  reason: PaceReason;
  since: Date;
  breakerSince: Date;
  refusedRate: number | null;
  refusedAt: Date | null;
  refusedUntil: Date | null;
  openUntil: Date | null;
  openMs: number | null;
  baselineMs: number | null;
  extraPerSecond: number;
  observedAt: Date;
  sweptUntil: Date;
  ceiling: number;
  blockedUntil: Date | null;
}

export interface Pacer {
  pace: Pace;
  ceiling: number;
  blockedUntil: number | null;
  sweptUntil: Date;
}

const ms = (instant: Date | null): number | null => instant?.getTime() ?? null;
const at = (instant: number | null): Date | null => (instant === null ? null : new Date(instant));

function toPacer(row: PacerRow): Pacer {
  const { rate, breaker, reason, refusedRate, openMs, baselineMs, extraPerSecond, ceiling, sweptUntil } = row;
  return {
    ceiling,
    blockedUntil: ms(row.blockedUntil),
    sweptUntil,
    pace: {
      rate,
      breaker,
      reason,
      since: row.since.getTime(),
      breakerSince: row.breakerSince.getTime(),
      refusedRate,
      refusedAt: ms(row.refusedAt),
      refusedUntil: ms(row.refusedUntil),
      openUntil: ms(row.openUntil),
      openMs,
      baselineMs,
      extraPerSecond,
      observedAt: row.observedAt.getTime(),
    },
  };
}

/** What a source's pacer last decided; a fresh one at its ceiling where it has not looked yet. Changes nothing. */
export async function readPacer(db: Sql, source: string, now: Date): Promise<Pacer> {
  const rows = await db.$queryRaw<(PacerRow | (Pick<PacerRow, 'ceiling' | 'blockedUntil'> & { rate: null }))[]>`
    SELECT pacer.source, rate, queue_rate AS "queueRate", breaker, reason, since, breaker_since AS "breakerSince",
           refused_rate AS "refusedRate", refused_at AS "refusedAt", refused_until AS "refusedUntil", open_until AS "openUntil",
           open_ms AS "openMs", baseline_ms AS "baselineMs", extra_per_second AS "extraPerSecond", observed_at AS "observedAt",
           swept_until AS "sweptUntil", source.rate_per_second AS ceiling, source.blocked_until AS "blockedUntil"
    FROM source LEFT JOIN pacer ON pacer.source = source.name WHERE source.name = ${source}`;
  const row = only(rows, `source ${source}`);
  if (row.rate !== null) return toPacer(row);
  const { ceiling, blockedUntil } = row;
  return { pace: freshPace(ceiling, now.getTime()), ceiling, blockedUntil: ms(blockedUntil), sweptUntil: now };
}

/** The same for the pacer itself: its row, made at the first look, held until the transaction has ended. */
export async function holdPacer(tx: Sql, source: string, now: Date): Promise<Pacer> {
  await tx.$executeRaw`
    INSERT INTO pacer (source, rate, queue_rate, breaker, reason, since, breaker_since, extra_per_second, observed_at, swept_until)
    SELECT name, rate_per_second, rate_per_second, 'closed', 'ceiling', ${now}::timestamptz, ${now}::timestamptz, 0,
           ${now}::timestamptz, created_at
    FROM source WHERE name = ${source} ON CONFLICT (source) DO NOTHING`;
  await tx.$queryRaw`SELECT 1 FROM pacer WHERE source = ${source} FOR UPDATE`;
  return readPacer(tx, source, now);
}

export async function storePacer(
  tx: Sql,
  source: string,
  { pace, queueRate, sweptUntil }: { pace: Pace; queueRate: number; sweptUntil: Date },
): Promise<void> {
  await tx.$executeRaw`
    UPDATE pacer SET rate = ${pace.rate}, queue_rate = ${queueRate}, breaker = ${pace.breaker}, reason = ${pace.reason},
      since = ${at(pace.since)}, breaker_since = ${at(pace.breakerSince)}, refused_rate = ${pace.refusedRate},
      refused_at = ${at(pace.refusedAt)}, refused_until = ${at(pace.refusedUntil)}, open_until = ${at(pace.openUntil)},
      open_ms = ${pace.openMs}, baseline_ms = ${pace.baselineMs}, extra_per_second = ${pace.extraPerSecond},
      observed_at = ${at(pace.observedAt)}, swept_until = ${sweptUntil}
    WHERE source = ${source}`;
}

/** No call of the source is opened before this instant; one that lies earlier shortens nothing. */
export async function blockSource(db: Sql, source: string, until: Date): Promise<void> {
  await db.$executeRaw`
    UPDATE source SET blocked_until = GREATEST(blocked_until, ${until}::timestamptz) WHERE name = ${source}`;
}

export interface Observed extends Seen {
  rejected: number;
  good: number;
}

const MINUTE_MS = 60_000;

/**
 * What the calls of a source show since its pacer last looked, read from the index over the instants at which they were opened.
 * A send makes more calls than the queue released: every page of its look but the first, and the reply itself.
 */
export async function observeCalls(
  tx: Sql,
  source: string,
  { pace }: Pacer,
  { now, windowMs, longestCallMs }: { now: Date; windowMs: number; longestCallMs: number },
): Promise<Observed> {
  const observed = new Date(pace.observedAt);
  const back = Math.max(windowMs, MINUTE_MS, now.getTime() - pace.observedAt) + longestCallMs;
  const opened = new Date(now.getTime() - Math.min(back, 4 * MINUTE_MS + longestCallMs));
  const minuteAgo = new Date(now.getTime() - MINUTE_MS);
  const windowFrom = new Date(Math.max(now.getTime() - windowMs, pace.breakerSince));
  const decreased = new Date(pace.refusedAt ?? 0);
  const trouble = [...TROUBLE];
  const rows = await tx.$queryRaw<
    (Omit<Observed, 'window' | 'acceptedPerSecond'> & {
      accepted: number;
      isWholeMinute: boolean;
      inWindow: number;
      failedInWindow: number;
    })[]
  >`
    WITH recent AS (
      SELECT opened_at, finished_at, failure, operation, page, parameters, retry_after_ms,
             finished_at > ${observed} AS fresh, finished_at IS NOT NULL AND failure IS NULL AS good,
             COALESCE(failure = ANY(${trouble}::text[]), false) AS troubled, COALESCE(failure <> 'SourceBlocked', true) AS made
      FROM provider_call WHERE source = ${source} AND opened_at > ${opened} AND opened_at <= ${now}
    )
    SELECT count(*) FILTER (WHERE fresh AND made)::int AS finished,
           count(*) FILTER (WHERE fresh AND troubled)::int AS failed,
           count(*) FILTER (WHERE fresh AND failure = 'SourceRateLimited' AND opened_at > ${decreased})::int AS refused,
           COALESCE(max(retry_after_ms) FILTER (WHERE fresh AND failure = 'SourceRateLimited' AND opened_at > ${decreased}), 0)::float8
             AS "longestRetryAfterMs",
           count(*) FILTER (WHERE good AND finished_at > ${minuteAgo})::int AS accepted,
           count(*) FILTER (WHERE opened_at <= ${minuteAgo}) > 0 AS "isWholeMinute",
           (extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY finished_at - opened_at) FILTER (WHERE fresh AND good))
             * 1000)::float8 AS "medianMs",
           count(*) FILTER (WHERE opened_at > ${observed} AND made
             AND (operation = 'postReply' OR (parameters->>'purpose' = 'look' AND page > 0)))::int AS extra,
           count(*) FILTER (WHERE opened_at > ${windowFrom} AND finished_at IS NOT NULL AND made)::int AS "inWindow",
           count(*) FILTER (WHERE opened_at > ${windowFrom} AND troubled)::int AS "failedInWindow",
           count(*) FILTER (WHERE opened_at > ${windowFrom} AND failure = 'SourceAuthRejected')::int AS rejected,
           count(*) FILTER (WHERE opened_at > ${windowFrom} AND good)::int AS good
    FROM recent`;
  const { accepted, isWholeMinute, inWindow, failedInWindow, ...seen } = only(rows, `calls of ${source}`);
  return {
    ...seen,
    acceptedPerSecond: isWholeMinute ? accepted / 60 : null,
    window: { finished: inWindow, failed: failedInWindow },
  };
}
