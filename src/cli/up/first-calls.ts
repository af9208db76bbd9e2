import { WaybillError } from '../../domain/failures.js';
import type { Sql } from '../../ledger/database.js';
import { isStopped } from '../../ledger/stopped-sources.js';

const TRIES = 3;

/**
 * Ends a start whose provider refuses the token or cannot be reached, in one sentence. Every request goes over the source's
 * queue, so this reads from the ledger how the first calls of this run ended; once one succeeded, failures are left to the
 * retries.
 */
export async function refuseHopelessSource(db: Sql, source: string, url: string, since: Date): Promise<void> {
  const [calls] = await db.$queryRaw<{ good: number; refused: number; unreachable: number; strange: number }[]>`
    SELECT count(*) FILTER (WHERE finished_at IS NOT NULL AND failure IS NULL)::int AS good,
           count(*) FILTER (WHERE failure = 'SourceAuthRejected')::int AS refused,
           count(*) FILTER (WHERE failure IN ('SourceUnreachable', 'SourceTimeout'))::int AS unreachable,
           count(*) FILTER (WHERE failure IN ('SourceAnswerUnreadable', 'SourceNotFound', 'SourceRefused'))::int AS strange
    FROM provider_call WHERE source = ${source} AND opened_at >= ${since}`;
  if (!calls || calls.good > 0) return;
  if (calls.refused > 0) {
    throw new WaybillError(
      'SourceAuthRejected',
      `The dashboard at ${url} rejects the token: check WAYBILL_DASHBOARD_TOKEN.`,
    );
  }
  if (calls.unreachable >= TRIES) {
    throw new WaybillError(
      'SourceUnreachable',
      `The dashboard at ${url} does not answer: check WAYBILL_DASHBOARD_URL and that it is up.`,
    );
  }
  if (calls.strange >= TRIES) {
    throw new WaybillError(
      'PrerequisiteMissing',
      `The server at ${url} answers, but not as the dashboard API: check WAYBILL_DASHBOARD_URL.`,
    );
  }
}

/** A run that is to end by itself would wait for ever for a source that only a person starts again. */
export async function refuseStoppedSource(db: Sql, source: string): Promise<void> {
  if (!(await isStopped(db, source))) return;
  throw new WaybillError(
    'SourceStopped',
    `The source "${source}" is stopped, because too many rows of one answer cannot be read: \`waybill alarms\` says which; ` +
      `\`waybill source resume --source ${source}\` starts it again.`,
  );
}
