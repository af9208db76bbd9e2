import { DateTime } from 'luxon';
import type { BackfillHold } from '../domain/backfill.js';
import { withinHours } from '../domain/backfill-walk.js';
import type { Timing } from '../domain/timing.js';
import { readBackfill } from './backfills.js';
import type { Sql } from './database.js';

export interface HoldFacts {
  /** What the workflow knows to be in the way; null asks the ledger alone. */
  known: BackfillHold | null;
  /** Whether a worker takes calls of its queue. */
  isServed: boolean;
  now: Date;
  timing: Pick<Timing, 'backfillLateMs' | 'backfillTokenMs'>;
}

/** What keeps a backfill from calling now, the most binding first, and when that may be over. */
export async function askBackfill(
  db: Sql,
  id: string,
  { known, isServed, now, timing }: HoldFacts,
): Promise<{ hold: BackfillHold | null; until: Date | null }> {
  const { source, hours, hold } = await readBackfill(db, id);
  if (hold === 'person') return { hold, until: null };
  const [facts] = await db.$queryRaw<
    { exists: boolean; stopped: boolean; breaker: string | null; openUntil: Date | null; late: Date | null }[]
  >`
    SELECT true AS exists, s.stopped_at IS NOT NULL AS stopped, p.breaker, p.open_until AS "openUntil",
           (SELECT min(due_at) FROM thread_due WHERE source = ${source} AND due_at <= ${now}) AS late
    FROM source s LEFT JOIN pacer p ON p.source = s.name WHERE s.name = ${source}`;
  if (!facts) return { hold: 'source_removed', until: null };
  if (facts.stopped || known === 'source_stopped')
    return { hold: facts.stopped ? 'source_stopped' : null, until: null };
  if (!isServed) return { hold: 'no_worker', until: null };
  if (known === 'token_rejected') return { hold: known, until: new Date(now.getTime() + timing.backfillTokenMs) };
  if (hours) {
    const local = DateTime.fromJSDate(now, { zone: hours.zone });
    const { open, changesIn } = withinHours(hours, local.hour * 60 + local.minute);
    if (!open) return { hold: 'hours', until: local.plus({ minutes: changesIn }).startOf('minute').toJSDate() };
  }
  if (facts.breaker === 'open') return { hold: 'breaker', until: facts.openUntil };
  const late = facts.late !== null && now.getTime() - facts.late.getTime() > timing.backfillLateMs;
  return { hold: late ? 'lateness' : null, until: null };
}
