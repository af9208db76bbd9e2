import { type Capture, type FrameFigure, frameFigure, type Pointer } from '../domain/audit/figures.js';
import type { Timing } from '../domain/timing.js';
import { quenchAlarm, raiseAlarm } from './alarms.js';
import { type Database, only, type Sql } from './database.js';

export interface WitnessQuestion {
  source: string;
  now: Date;
  timing: Timing;
}

/** Something independent of our listings that can tell of threads which they never showed. */
interface FrameWitness {
  name: string;
  /** Null where this source gives the witness nothing to look at. */
  point(tx: Sql, question: WitnessQuestion): Promise<Omit<Pointer, 'witness'> | null>;
}

const NAMED = 20;
/** Below it, numbers of a provider say nothing about those that are absent. */
const LEAST_NUMBERED = 50;
const LEAST_DENSITY = 0.9;

/**
 * Message-IDs that name something sent from here, or that one of us answered, and that we do not hold. What customers quote of
 * other systems points out of this mailbox and is no hole.
 */
const references: FrameWitness = {
  name: 'references',
  async point(tx, { source, now, timing }) {
    const before = new Date(now.getTime() - timing.orphanAfterMs);
    const rows = await tx.$queryRaw<{ checked: number; holes: number; closed: number }[]>`
      SELECT count(*)::int AS checked, (count(*) FILTER (WHERE resolved_at IS NULL AND noted_at <= ${before}))::int AS holes,
             (count(*) FILTER (WHERE resolved_at > noted_at + interval '1 minute'))::int AS closed
      FROM telling_reference WHERE source = ${source}`;
    const counts = only(rows, 'references');
    if (counts.checked === 0) return null;
    const named = await tx.$queryRaw<{ id: string }[]>`
      SELECT DISTINCT message_id AS id FROM telling_reference
      WHERE source = ${source} AND resolved_at IS NULL AND noted_at <= ${before}
      ORDER BY 1 LIMIT ${NAMED}`;
    return { ...counts, ids: named.map((row) => row.id) };
  },
};

/** Outbound messages of people that answer nothing we hold: they reply, and no inbound message precedes them unanswered. */
const personReplies: FrameWitness = {
  name: 'person_replies',
  async point(tx, { source }) {
    const rows = await tx.$queryRaw<{ checked: number; holes: number; ids: string[] | null }[]>`
      WITH told AS (
        SELECT m.id, m.direction, m.reason, lag(m.direction) OVER (PARTITION BY m.thread_id ORDER BY m.activity_at, m.id) AS before
        FROM message m WHERE m.source = ${source} AND m.gone_at IS NULL
      ), reply AS (
        SELECT told.id, told.before FROM told JOIN message_body b ON b.message_id = told.id AND b.version = 1
        WHERE told.direction = 'outbound' AND told.reason = 'person_reply'
          AND (b.subject ~* '^\s*(re|aw|sv|antw)\s*:' OR b.headers ? 'in-reply-to')
      )
      SELECT count(*)::int AS checked, (count(*) FILTER (WHERE before IS DISTINCT FROM 'inbound'))::int AS holes,
             (array_agg(id::text ORDER BY id) FILTER (WHERE before IS DISTINCT FROM 'inbound'))[1:${NAMED}::int] AS ids
      FROM reply`;
    const { checked, holes, ids } = only(rows, 'replies of people');
    return checked === 0 ? null : { checked, holes, closed: 0, ids: ids ?? [] };
  },
};

/** Gaps in the ids of threads, where a provider numbers them one by one. */
const neighbouringIds: FrameWitness = {
  name: 'neighbouring_ids',
  async point(tx, { source }) {
    const rows = await tx.$queryRaw<{ threads: number; numbered: number; span: number }[]>`
      SELECT count(*)::int AS threads, (count(*) FILTER (WHERE provider_thread_id ~ '^[1-9][0-9]{0,14}$'))::int AS numbered,
             COALESCE(max(CASE WHEN provider_thread_id ~ '^[1-9][0-9]{0,14}$' THEN provider_thread_id::bigint END)
                    - min(CASE WHEN provider_thread_id ~ '^[1-9][0-9]{0,14}$' THEN provider_thread_id::bigint END) + 1, 0)::float8 AS span
      FROM thread WHERE source = ${source}`;
    const { threads, numbered, span } = only(rows, 'thread ids');
    if (numbered < LEAST_NUMBERED || numbered < threads || numbered / span < LEAST_DENSITY) return null;
    const gaps = await tx.$queryRaw<{ id: string }[]>`
      SELECT (id - 1)::text AS id FROM (
        SELECT provider_thread_id::bigint AS id, lag(provider_thread_id::bigint) OVER (ORDER BY provider_thread_id::bigint) AS before
        FROM thread WHERE source = ${source}) AS numbered
      WHERE before < id - 1 ORDER BY numbered.id DESC LIMIT ${NAMED}`;
    return { checked: span, holes: span - numbered, closed: 0, ids: gaps.map((row) => row.id) };
  },
};

/** Threads that a later listing showed although their interval had been exhausted before: holes, closed since. */
const relistings: FrameWitness = {
  name: 'relistings',
  async point(tx, { source }) {
    const rows = await tx.$queryRaw<{ checked: number; closed: number }[]>`
      SELECT count(*)::int AS checked, (count(*) FILTER (WHERE EXISTS (
        SELECT 1 FROM listing l WHERE l.source = t.source AND l.covering AND l.from_at <= t.created_at AND l.to_at > t.created_at
          AND l.begun_at > t.created_at AND l.exhausted_at < t.first_seen_at)))::int AS closed
      FROM thread t WHERE t.source = ${source} AND EXISTS (SELECT 1 FROM listing WHERE source = ${source} AND covering)`;
    const { checked, closed } = only(rows, 'threads');
    return checked === 0 ? null : { checked, holes: 0, closed, ids: [] };
  },
};

const WITNESSES: readonly FrameWitness[] = [references, personReplies, neighbouringIds, relistings];

/** Whether any hint was ever taken: without one no webhook has named anything. */
export async function takesHints(db: Sql): Promise<boolean> {
  const rows = await db.$queryRaw<{ takes: boolean }[]>`SELECT EXISTS (SELECT 1 FROM hint) AS takes`;
  return only(rows, 'hints').takes;
}

/**
 * What sources independent of our listings named, whether it was listed or not: today the hints of the provider's webhook. Only
 * those are asked that are so old that every listing of the look-back has had its turn since.
 */
export async function capturesOf(db: Sql, { source, now, timing }: WitnessQuestion): Promise<Capture[]> {
  const before = new Date(now.getTime() - timing.listingLookbackGapMs);
  const rows = await db.$queryRaw<{ named: number; listed: number; listings: number }[]>`
    WITH named AS (
      SELECT DISTINCT t.id, t.first_listed_at FROM hint h JOIN thread t ON t.id = h.thread_id
      WHERE h.source = ${source} AND h.received_at <= ${before})
    SELECT count(*)::int AS named, count(first_listed_at)::int AS listed,
           (SELECT count(*)::int FROM thread WHERE source = ${source} AND first_listed_at IS NOT NULL) AS listings
    FROM named`;
  return rows.filter((row) => row.named > 0).map((row) => ({ witness: 'webhook', ...row }));
}

/** Figure (b) as of now. Captures are what an independent source named; without one the figure is unknown. */
export async function askWitnesses(
  db: Sql,
  question: WitnessQuestion,
  captures: readonly Capture[],
): Promise<FrameFigure> {
  const pointers: Pointer[] = [];
  for (const { name, point } of WITNESSES) {
    const found = await point(db, question);
    if (found) pointers.push({ witness: name, ...found });
  }
  return frameFigure(captures, pointers);
}

/** Raises or quenches the alarm about references that point at nothing we hold: the part of the audit that never rests. */
export async function watchFrame(db: Database, question: WitnessQuestion): Promise<{ holes: number }> {
  const { source, now } = question;
  return db.transaction(async (tx) => {
    const alarm = { kind: 'frame_hole' as const, source, subject: references.name, now };
    const found = await references.point(tx, question);
    if (!found || found.holes === 0) {
      await quenchAlarm(tx, alarm);
      return { holes: 0 };
    }
    const { checked, holes, ids: messageIds } = found;
    await raiseAlarm(tx, { ...alarm, evidence: { checked, holes, messageIds } });
    return { holes };
  });
}
