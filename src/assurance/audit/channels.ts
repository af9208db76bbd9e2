import { type Bounds, clopperPearson } from '../../domain/audit/beta.js';
import type { FirstSeenBy } from '../../domain/states.js';
import { only, type Sql } from '../../ledger/database.js';
import { takesHints } from '../../ledger/frame-witnesses.js';

/** How much of what it should have seen a channel missed: its chances are judged by what other channels saw. */
export interface ChannelMisses {
  channel: FirstSeenBy;
  /** Messages that it saw before any other. */
  first: number;
  /** What it should have seen of what could be checked; null where no other channel can tell. */
  chances: number | null;
  missed: number | null;
  /** Of the share missed, 95 %; null where there was no chance. */
  interval: Bounds | null;
  how: string;
}

const CONFIDENCE = 0.95;

interface Chances {
  chances: number;
  missed: number;
}

/**
 * Each channel's own miss rate, by who saw what first. A chance of a channel is a message that it had to have seen by then, whoever
 * saw it; a miss is one that another channel saw first.
 */
export async function channelMisses(db: Sql, source: string | null, now: Date): Promise<ChannelMisses[]> {
  const rows = await db.$queryRaw<{ channel: FirstSeenBy; first: number }[]>`
    SELECT first_seen_by AS channel, count(*)::int AS first FROM message
    WHERE source IN (SELECT name FROM source WHERE kind = 'dashboard') AND (${source}::text IS NULL OR source = ${source}) GROUP BY 1`;
  const first = new Map(rows.map((row) => [row.channel, row.first]));
  const line = (channel: FirstSeenBy, how: string, found: Chances | null): ChannelMisses => ({
    channel,
    first: first.get(channel) ?? 0,
    chances: found?.chances ?? null,
    missed: found?.missed ?? null,
    interval: found && found.chances > 0 ? clopperPearson(found.missed, found.chances, CONFIDENCE) : null,
    how,
  });
  return [
    line('poll', 'messages that audits read in threads whose visit was not ahead', await pollChances(db, source)),
    line(
      'audit',
      'messages that came into an audited thread before the audit, by a verified receipt',
      await auditChances(db, source),
    ),
    line(
      'webhook',
      'messages that came since the first hint, with or without one for their thread',
      await webhookChances(db, source, now),
    ),
    line('backfill', 'messages in intervals that a backfill has read', null),
  ];
}

/** Every message that an audit saw was to be seen by poll before, but for those that were late or parked. */
async function pollChances(db: Sql, source: string | null): Promise<Chances> {
  const rows = await db.$queryRaw<Chances[]>`
    SELECT COALESCE(sum(t.shown - t.aside), 0)::int AS chances, COALESCE(sum(t.missed), 0)::int AS missed FROM (
      SELECT thread.shown, (count(f.message_id) FILTER (WHERE f.verdict <> 'missed'))::int AS aside,
             (count(f.message_id) FILTER (WHERE f.verdict = 'missed'))::int AS missed
      FROM audit_thread thread JOIN audit ON audit.id = thread.audit_id
      LEFT JOIN audit_find f ON f.audit_id = thread.audit_id AND f.thread_id = thread.thread_id
      WHERE thread.outcome = 'read' AND (${source}::text IS NULL OR audit.source = ${source})
      GROUP BY thread.audit_id, thread.thread_id) AS t`;
  return only(rows, 'audited threads');
}

/**
 * What lay in a thread when an audit read it whole, by a receipt that is verified: first seen by then, found by it, or overlooked.
 * What an audit finds is first seen a moment after its reading began.
 */
async function auditChances(db: Sql, source: string | null): Promise<Chances> {
  const rows = await db.$queryRaw<Chances[]>`
    SELECT count(*)::int AS chances, (count(*) FILTER (WHERE m.first_seen_at > read.at AND m.first_seen_by <> 'audit'))::int AS missed
    FROM (SELECT thread_id, max(begun_at) AS at FROM audit_thread WHERE outcome = 'read' GROUP BY thread_id) AS read
    JOIN message m ON m.thread_id = read.thread_id
    WHERE m.received_at < read.at AND (${source}::text IS NULL OR m.source = ${source})`;
  return only(rows, 'audited messages');
}

/** A hint may come so long after its message was seen. */
const HINT_WAIT_MS = 3_600_000;

/**
 * Messages of known arrival since the first hint, each of which should have had one for its thread about then. A webhook that went
 * silent has missed all that came since: its last hint is no end.
 */
async function webhookChances(db: Sql, source: string | null, now: Date): Promise<Chances | null> {
  if (!(await takesHints(db))) return null;
  const until = new Date(now.getTime() - HINT_WAIT_MS);
  const rows = await db.$queryRaw<Chances[]>`
    WITH live AS (SELECT source, min(received_at) AS since FROM hint GROUP BY source)
    SELECT count(*)::int AS chances, (count(*) FILTER (WHERE NOT EXISTS (
      SELECT 1 FROM hint h WHERE h.thread_id = m.thread_id
        AND h.received_at BETWEEN m.first_seen_at - interval '1 day' AND m.first_seen_at + ${HINT_WAIT_MS}::float8 * interval '1 millisecond')))::int AS missed
    FROM message m JOIN live ON live.source = m.source
    WHERE m.arrival_known AND m.direction = 'inbound' AND m.first_seen_at BETWEEN live.since AND ${until}
      AND (${source}::text IS NULL OR m.source = ${source})`;
  return only(rows, 'messages and hints');
}
