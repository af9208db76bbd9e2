import type { Form } from '../domain/forms.js';
import { readPath } from '../domain/read-path.js';
import type { Timing } from '../domain/timing.js';
import type { SubmissionPage } from '../sources/forms/client.js';
import { quenchAlarm, raiseAlarm } from './alarms.js';
import { type CallCounts, finishCall, goesInCircles, type OpenCall, pagesOfReading } from './calls.js';
import { type Database, only, type Sql } from './database.js';
import { openFormCanary } from './form-canaries.js';
import { findSequenceGaps } from './form-sequence.js';
import { type Recorded, recordArrival } from './submissions.js';

export interface FormRound {
  id: string;
  /** ISO instant from which the list is read. */
  since: string;
  /** The canary to be sent in this round; null where none is due. */
  canaryId: string | null;
}

export interface RoundContext {
  form: Form;
  now: Date;
  timing: Timing;
}

/**
 * Begins a reconciliation, and freezes from where the list is read: progress moves over readings that were exhausted alone. An audit
 * reads it over the whole horizon.
 */
export async function openFormRound(
  db: Database,
  { form, now, timing, runId, audit = false }: RoundContext & { runId: string; audit?: boolean },
): Promise<FormRound> {
  return db.transaction(async (tx) => {
    const [last] = await tx.$queryRaw<{ openedAt: Date }[]>`
      SELECT opened_at AS "openedAt" FROM form_round WHERE source = ${form.source} AND exhausted_at IS NOT NULL
      ORDER BY opened_at DESC LIMIT 1`;
    const since =
      last && !audit ? last.openedAt.getTime() - timing.formsOverlapMs : now.getTime() - timing.formsHorizonMs;
    const rows = await tx.$queryRaw<{ id: string; since: Date }[]>`
      INSERT INTO form_round (source, run_id, since_at, opened_at, audit)
      VALUES (${form.source}, ${runId}, ${new Date(since)}, ${now}, ${audit})
      ON CONFLICT (run_id) DO UPDATE SET source = excluded.source RETURNING id, since_at AS since`;
    const { id, since: frozen } = only(rows, `round of ${form.source}`);
    const canaryId = (await isCanaryDue(tx, form, now, timing, runId))
      ? await openFormCanary(tx, form.source, { runId, now, dueAt: new Date(now.getTime() + timing.formCanaryDueMs) })
      : null;
    return { id, since: frozen.toISOString(), canaryId };
  });
}

async function isCanaryDue(tx: Sql, form: Form, now: Date, timing: Timing, runId: string): Promise<boolean> {
  if (form.reconciliation.by !== 'canary') return false;
  const since = new Date(now.getTime() - timing.canaryEveryMs);
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM form_canary WHERE source = ${form.source} AND submitted_at > ${since} AND run_id <> ${runId} LIMIT 1`;
  return rows.length === 0;
}

export interface RecordedSubmissions extends CallCounts {
  /** `cut`: the list leads in a circle, so that it was not read whole. */
  next: 'more' | 'end' | 'cut';
}

/** Commits one page of a vendor's list: what we lack is recorded as first seen by the list. One transaction; twice stores nothing twice. */
export async function recordSubmissionPage(
  db: Database,
  call: OpenCall,
  page: SubmissionPage,
  { form, roundId, now, timing }: RoundContext & { roundId: string },
): Promise<RecordedSubmissions> {
  return db.transaction(async (tx) => {
    const recorded: Recorded[] = [];
    for (const row of page.rows) recorded.push(await recordArrival(tx, { ...arrivalOf(form, row), call, now, timing }));
    const stored = recorded.filter((one) => one.kind === 'stored').length;
    const parked = recorded.filter((one) => one.kind === 'parked').length;
    const rows = recorded.length;
    const counts = { rows, known: rows - stored - parked, stored, parked, rejected: 0 };
    const ids = recorded.map((one) => one.item);
    const { status, nextCursor } = page;
    await finishCall(tx, call, { ...counts, status, ids, nextCursor, unknownFields: {} }, now);
    const circles = nextCursor !== null && goesInCircles(await pagesOfReading(tx, call.readingId));
    await tx.$executeRaw`
      UPDATE form_round SET listed = listed + ${rows}::int, recovered = recovered + ${stored}::int,
             exhausted_at = CASE WHEN ${nextCursor === null} THEN ${now}::timestamptz ELSE exhausted_at END
      WHERE id = ${roundId}::uuid`;
    return { ...counts, next: nextCursor === null ? 'end' : circles ? 'cut' : 'more' };
  });
}

function arrivalOf(form: Form, row: unknown) {
  const path = form.reconciliation.by === 'list' ? form.reconciliation.body : '';
  const body = readPath(row, path);
  const isObject = typeof body === 'object' && body !== null;
  const raw = Buffer.from(asJson(isObject ? body : row));
  return { form, by: 'poll', raw, body: isObject ? body : undefined, deliveryId: null } as const;
}

const DEEPEST = 50;

/** A row as text. JSON.parse reads what is nested deeper than JSON.stringify can follow: of such a row the depths are left out. */
function asJson(row: unknown): string {
  try {
    return JSON.stringify(row) ?? 'null';
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return JSON.stringify(shallow(row, DEEPEST)) ?? 'null';
  }
}

function shallow(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '(nested deeper)';
  if (Array.isArray(value)) return value.map((one) => shallow(one, depth - 1));
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shallow(one, depth - 1)]));
}

export interface FormAccount {
  listed: number;
  recovered: number;
  /** Numbers that are missing in the sequence; null where there is none. */
  missing: number | null;
  canary: 'came' | 'overdue' | 'none';
}

/** Ends a round: what its evidence says of submissions that never came is an alarm, or the end of one. */
export async function closeFormRound(
  db: Database,
  { form, roundId, now, timing }: RoundContext & { roundId: string },
): Promise<FormAccount> {
  return db.transaction(async (tx) => {
    const rows = await tx.$queryRaw<{ listed: number; recovered: number }[]>`
      UPDATE form_round SET closed_at = COALESCE(closed_at, ${now}::timestamptz) WHERE id = ${roundId}::uuid RETURNING listed, recovered`;
    const { by } = form.reconciliation;
    const missing = by === 'sequence' ? await judgeSequence(tx, form, now, timing) : null;
    const canary = by === 'canary' ? await judgeCanary(tx, form, now) : 'none';
    if (by === 'list') await judgeList(tx, form, now, timing);
    return { ...only(rows, `round ${roundId}`), missing, canary };
  });
}

async function judgeSequence(tx: Sql, form: Form, now: Date, timing: Timing): Promise<number> {
  const { missing, ranges } = await findSequenceGaps(tx, form.source, {
    settled: new Date(now.getTime() - timing.formGapMs),
    at: now,
  });
  const alarm = { kind: 'submission_gap', source: form.source, subject: 'sequence', now } as const;
  if (missing > 0) await raiseAlarm(tx, { ...alarm, evidence: { missing, ranges } });
  else await quenchAlarm(tx, alarm);
  return missing;
}

async function judgeCanary(tx: Sql, { source }: Form, now: Date): Promise<'came' | 'overdue' | 'none'> {
  const [last] = await tx.$queryRaw<{ id: string; cameAt: Date | null; dueAt: Date }[]>`
    SELECT id, came_at AS "cameAt", due_at AS "dueAt" FROM form_canary
    WHERE source = ${source} AND (came_at IS NOT NULL OR due_at <= ${now}) ORDER BY submitted_at DESC LIMIT 1`;
  if (!last) return 'none';
  if (last.cameAt) return 'came';
  const evidence = { canary: last.id, due: last.dueAt.toISOString() };
  await raiseAlarm(tx, { kind: 'submission_gap', source, subject: 'canary', evidence, now });
  return 'overdue';
}

/** Periods without a whole reading after which nobody can say any more that the list has nothing that we lack. */
const STALE_PERIODS = 4;

/** Whether the list was read whole lately: until when we know that we hold everything. */
export async function listReadUntil(db: Sql, source: string, now: Date): Promise<Date | null> {
  const [round] = await db.$queryRaw<{ at: Date }[]>`
    SELECT opened_at AS at FROM form_round WHERE source = ${source} AND exhausted_at <= ${now} ORDER BY opened_at DESC LIMIT 1`;
  return round?.at ?? null;
}

export const isStale = (until: Date | null, now: Date, timing: Pick<Timing, 'formsEveryMs'>): boolean =>
  until === null || now.getTime() - until.getTime() > STALE_PERIODS * timing.formsEveryMs;

async function judgeList(tx: Sql, { source }: Form, now: Date, timing: Timing): Promise<void> {
  const until = await listReadUntil(tx, source, now);
  const alarm = { kind: 'submission_gap', source, subject: 'list', now } as const;
  const [first] = await tx.$queryRaw<{ at: Date }[]>`
    SELECT opened_at AS at FROM form_round WHERE source = ${source} ORDER BY opened_at LIMIT 1`;
  if (!isStale(until ?? first?.at ?? null, now, timing)) await quenchAlarm(tx, alarm);
  else await raiseAlarm(tx, { ...alarm, evidence: { readUntil: until?.toISOString() ?? null } });
}
