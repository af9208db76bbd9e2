import type { BackfillPace } from '../../domain/backfill.js';
import { type BackfillEstimate, estimateCalls } from '../../domain/backfill-estimate.js';
import { WaybillError } from '../../domain/failures.js';
import { listAudits } from '../../ledger/audits.js';
import type { Sql } from '../../ledger/database.js';
import { figuresBefore } from './before.js';

export interface EstimateInput {
  source: string;
  from: Date;
  to: Date;
  pace: BackfillPace;
  now: Date;
}

const HOUR_MS = 3_600_000;
const RECENT_AUDITS = 20;

/** What a backfill of the interval would cost, by the ledger: nothing is called. */
export async function estimateBackfill(
  db: Sql,
  { source, from, to, pace, now }: EstimateInput,
): Promise<BackfillEstimate> {
  const sizes = await db.$queryRaw<{ messages: number; threads: number }[]>`
    SELECT messages, count(*)::int AS threads FROM (
      SELECT count(m.id)::int AS messages FROM thread t LEFT JOIN message m ON m.thread_id = t.id AND m.gone_at IS NULL
      WHERE t.source = ${source} AND t.created_at >= ${from} AND t.created_at < ${to} AND t.gone_at IS NULL GROUP BY t.id) AS held
    GROUP BY messages ORDER BY messages`;
  const { listedShare } = await figuresBefore(db, { source, from, to });
  const audits = await listAudits(db, source, RECENT_AUDITS);
  const audit = audits.find((one) => one.loss !== null && one.loss.draws > 0);
  const captures = audits.find((one) => one.frame?.state === 'bounded')?.frame?.captures ?? [];
  return estimateCalls({
    widthMs: to.getTime() - from.getTime(),
    sizes,
    listedShare: listedShare ?? 0,
    lossUpper: audit?.loss?.upper ?? null,
    frameUpper: captures.length === 0 ? null : Math.max(...captures.map((one) => one.upper)),
    ...(await readRates(db, source, now)),
    pace,
  });
}

/** The rate in force, and the calls that all other work made of it in the last hour. */
async function readRates(
  db: Sql,
  source: string,
  now: Date,
): Promise<{ allowedPerSecond: number; takenPerSecond: number }> {
  const rows = await db.$queryRaw<{ allowed: number; calls: number }[]>`
    SELECT COALESCE((SELECT rate FROM pacer WHERE pacer.source = s.name), s.rate_per_second) AS allowed,
           (SELECT count(*)::int FROM provider_call c WHERE c.source = s.name AND c.opened_at > ${new Date(now.getTime() - HOUR_MS)}
              AND c.opened_at <= ${now} AND NOT c.parameters ? 'backfill') AS calls
    FROM source s WHERE s.name = ${source}`;
  const [row] = rows;
  if (!row)
    throw new WaybillError('UsageWrong', `The ledger does not know ${source} yet: nothing can be estimated.`, {
      retryable: false,
    });
  const { allowed, calls } = row;
  return { allowedPerSecond: allowed, takenPerSecond: calls / (HOUR_MS / 1000) };
}
