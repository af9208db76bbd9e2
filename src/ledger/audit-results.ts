import { type FrameFigure, type LossFigure, lossFigure, type ThreadTally } from '../domain/audit/figures.js';
import { type FindCause, PREVENTED_BY_VISITS, tighten } from '../domain/audit/finds.js';
import { quenchAlarm, raiseAlarm } from './alarms.js';
import { type Audit, type AuditLoss, readAudit } from './audits.js';
import { type Database, only, type Sql } from './database.js';

/** Ids that an alarm names. */
const NAMED = 20;
const SUBJECT = 'known threads';

interface ClosedThread extends ThreadTally {
  outcome: 'read' | 'gone' | 'unread' | null;
  visitClass: string | null;
  shown: number;
  prevented: number;
}

interface FindCount {
  verdict: string;
  cause: FindCause;
  count: number;
}

/** Draws the two figures, tightens the classes that missed, and raises or quenches the alarm, in one transaction. */
export async function closeAudit(db: Database, auditId: string, frame: FrameFigure, now: Date): Promise<Audit> {
  return db.transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM audit WHERE id = ${auditId}::uuid FOR UPDATE`;
    const audit = only(
      [await readAudit(tx, auditId)].filter((one) => one !== null),
      `audit ${auditId}`,
    );
    if (audit.endedAt) return audit;
    const threads = await readThreads(tx, auditId);
    const loss = { ...lossFigure(threads, audit.method), ...(await countsOf(tx, auditId, threads)) };
    await tx.$executeRaw`
      UPDATE audit SET ended_at = ${now}, loss = ${JSON.stringify(loss)}::jsonb, frame = ${JSON.stringify(frame)}::jsonb
      WHERE id = ${auditId}::uuid`;
    await tightenClasses(tx, audit, threads, now);
    await tellOfMisses(tx, audit, loss, now);
    return { ...audit, endedAt: now, loss, frame };
  });
}

/** What each drawn thread gave; one that has no outcome was not read. */
const readThreads = (tx: Sql, auditId: string): Promise<ClosedThread[]> =>
  tx.$queryRaw<ClosedThread[]>`
    SELECT t.known, t.draws, t.weight, t.outcome, t.visit_class AS "visitClass", COALESCE(t.shown, 0) AS shown,
           CASE t.outcome WHEN 'read' THEN t.shown - count(f.message_id) FILTER (WHERE f.verdict <> 'missed')
                          WHEN 'gone' THEN 0 END::int AS due,
           (count(f.message_id) FILTER (WHERE f.verdict = 'missed'))::int AS missed,
           (count(f.message_id) FILTER (WHERE f.verdict = 'missed' AND f.cause = ANY (${[...PREVENTED_BY_VISITS]}::text[])))::int AS prevented
    FROM audit_thread t LEFT JOIN audit_find f ON f.audit_id = t.audit_id AND f.thread_id = t.thread_id
    WHERE t.audit_id = ${auditId}::uuid GROUP BY t.audit_id, t.thread_id ORDER BY t.position`;

async function countsOf(
  tx: Sql,
  auditId: string,
  threads: readonly ClosedThread[],
): Promise<Omit<AuditLoss, keyof LossFigure>> {
  const finds = await tx.$queryRaw<FindCount[]>`
    SELECT verdict, cause, count(*)::int AS count FROM audit_find WHERE audit_id = ${auditId}::uuid GROUP BY 1, 2 ORDER BY 1, 2`;
  const total = (verdict: string) =>
    finds.filter((one) => one.verdict === verdict).reduce((sum, one) => sum + one.count, 0);
  const causes: Record<string, number> = {};
  for (const { cause, count } of finds) causes[cause] = (causes[cause] ?? 0) + count;
  const read = threads.filter((one) => one.outcome === 'read').length;
  const gone = threads.filter((one) => one.outcome === 'gone').length;
  return {
    threads: { read, gone, unread: threads.length - read - gone },
    shown: threads.reduce((sum, one) => sum + one.shown, 0),
    missed: total('missed'),
    late: total('late'),
    parked: total('parked'),
    causes,
  };
}

/** Share of the silence by class: a miss that a visit would have prevented halves it, an audit without one gives some back. */
async function tightenClasses(tx: Sql, audit: Audit, threads: readonly ClosedThread[], now: Date): Promise<void> {
  const factors = await readTightening(tx, audit.source);
  const classes = new Map<string, { threads: number; misses: number }>();
  for (const { visitClass, prevented } of threads) {
    if (visitClass === null) continue;
    const seen = classes.get(visitClass) ?? { threads: 0, misses: 0 };
    classes.set(visitClass, { threads: seen.threads + 1, misses: seen.misses + prevented });
  }
  for (const [name, seen] of classes) {
    const before = factors.get(name) ?? 1;
    const factor = tighten(before, seen);
    if (factor === before) continue;
    if (factor === 1) {
      await tx.$executeRaw`DELETE FROM audit_tightening WHERE source = ${audit.source} AND class = ${name}`;
    } else {
      await tx.$executeRaw`
        INSERT INTO audit_tightening (source, class, factor, since, audit_id)
        VALUES (${audit.source}, ${name}, ${factor}, ${now}, ${audit.id}::uuid)
        ON CONFLICT (source, class) DO UPDATE SET factor = excluded.factor, since = excluded.since, audit_id = excluded.audit_id`;
    }
  }
}

/** By class of threads: what the share of the silence is multiplied with since an audit missed something. No entry means 1. */
export async function readTightening(db: Sql, source: string): Promise<ReadonlyMap<string, number>> {
  const rows = await db.$queryRaw<{ name: string; factor: number }[]>`
    SELECT class AS name, factor FROM audit_tightening WHERE source = ${source}`;
  return new Map(rows.map((row) => [row.name, row.factor]));
}

async function tellOfMisses(tx: Sql, audit: Audit, loss: AuditLoss, now: Date): Promise<void> {
  const alarm = { kind: 'audit_miss' as const, source: audit.source, subject: SUBJECT, now };
  if (loss.missed === 0) {
    // An audit that read nothing has seen nothing.
    if (loss.threads.read > 0) await quenchAlarm(tx, alarm);
    return;
  }
  const named = await tx.$queryRaw<{ id: string }[]>`
    SELECT message_id AS id FROM audit_find WHERE audit_id = ${audit.id}::uuid AND verdict = 'missed' ORDER BY message_id LIMIT ${NAMED}`;
  const { missed, causes, lower, upper } = loss;
  const evidence = { auditId: audit.id, missed, causes, lower, upper, messageIds: named.map((row) => row.id) };
  await raiseAlarm(tx, { ...alarm, evidence });
}
