import type { AlarmKind, AlarmState } from '../domain/alarms.js';
import { only, type Sql } from './database.js';

export interface AlarmFact {
  kind: AlarmKind;
  /** Null where no single source is concerned. */
  source: string | null;
  /** What of the source it is about, in a form that repeats: an interval, a claim, a thread. Part of what makes it the same alarm. */
  subject: string;
  /** Ids, counts and instants that prove it; never content. */
  evidence: Record<string, unknown>;
  now: Date;
}

export interface Alarm {
  id: string;
  kind: AlarmKind;
  source: string | null;
  subject: string;
  state: AlarmState;
  evidence: Record<string, unknown>;
  raisedAt: Date;
  lastRaisedAt: Date;
  /** How often the condition was seen. */
  raises: number;
  quenchedAt: Date | null;
}

/**
 * Raises an alarm in the transaction of the fact, or adds to the one that is not resolved: its newest evidence counts, and one that
 * was quenched is open again. Gives whether people have to be told anew.
 */
export async function raiseAlarm(
  tx: Sql,
  { kind, source, subject, evidence, now }: AlarmFact,
): Promise<{ id: string; isNew: boolean }> {
  const rows = await tx.$queryRaw<{ id: string; isNew: boolean }[]>`
    INSERT INTO alarm (kind, source, subject, state, evidence, raised_at, last_raised_at, raises, notify_at)
    VALUES (${kind}, ${source}, ${subject}, 'open', ${JSON.stringify(evidence)}::jsonb, ${now}, ${now}, 1, ${now})
    ON CONFLICT (kind, source, subject) WHERE state <> 'resolved' DO UPDATE
      SET last_raised_at = excluded.last_raised_at, raises = alarm.raises + 1, evidence = excluded.evidence,
          notify_at = CASE WHEN alarm.state = 'quenched' THEN excluded.raised_at ELSE alarm.notify_at END,
          quenched_at = NULL, state = CASE WHEN alarm.state = 'quenched' THEN 'open' ELSE alarm.state END
    RETURNING id, notify_at = ${now}::timestamptz AS "isNew"`;
  return only(rows, `alarm ${kind}`);
}

/** The condition was seen not to hold any more: nothing is resolved by that, it only stops being said. */
export async function quenchAlarm(tx: Sql, { kind, source, subject, now }: Omit<AlarmFact, 'evidence'>): Promise<void> {
  await tx.$executeRaw`
    UPDATE alarm SET state = 'quenched', quenched_at = ${now}
    WHERE kind = ${kind} AND source IS NOT DISTINCT FROM ${source} AND subject = ${subject} AND state IN ('open', 'acknowledged')`;
}
