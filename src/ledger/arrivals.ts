import { createHash } from 'node:crypto';
import type { Direction } from '../domain/message.js';
import type { Arrival, ReplayedThread } from '../domain/schedule/replay-policy.js';
import type { Sql } from './database.js';

const BATCH = 500;

interface ThreadRow {
  id: string;
  status: string;
  createdAt: Date;
  firstSeenAt: Date;
}

interface MessageRow {
  id: string;
  threadId: string;
  direction: Direction;
  reason: string | null;
  activityAt: Date;
  firstSeenAt: Date;
  absentAt: Date | null;
  isKnown: boolean;
}

/** In [0, 1), by the id alone. */
const drawOf = (id: string): number => createHash('sha256').update(id).digest().readUInt32BE(0) / 2 ** 32;

/**
 * The threads of a source with what is known of the arrivals in them, a batch at a time. What a backfill or an audit saw first is left
 * out: when it arrived is not known. So are our own replies, which nobody has to find.
 */
export async function* knownArrivals(db: Sql, source: string, until: Date): AsyncGenerator<ReplayedThread> {
  for (let after: string | null = null; ; ) {
    const threads: ThreadRow[] = await db.$queryRaw<ThreadRow[]>`
      SELECT id, status, created_at AS "createdAt", first_seen_at AS "firstSeenAt" FROM thread
      WHERE source = ${source} AND read_whole_at IS NOT NULL AND (${after}::uuid IS NULL OR id > ${after}::uuid) ORDER BY id LIMIT ${BATCH}`;
    if (threads.length === 0) return;
    const messages = await db.$queryRaw<MessageRow[]>`
      SELECT id, thread_id AS "threadId", direction, reason, activity_at AS "activityAt", first_seen_at AS "firstSeenAt",
             absent_at AS "absentAt", client_ref IS NULL AND first_seen_by NOT IN ('backfill', 'audit') AS "isKnown"
      FROM message WHERE thread_id = ANY (${threads.map((thread) => thread.id)}::uuid[]) ORDER BY activity_at, id`;
    const byThread = new Map<string, MessageRow[]>(threads.map((thread) => [thread.id, []]));
    for (const message of messages) byThread.get(message.threadId)?.push(message);
    for (const thread of threads) yield replayed(thread, byThread.get(thread.id) ?? [], until);
    after = threads.at(-1)?.id ?? null;
  }
}

function replayed(thread: ThreadRow, messages: readonly MessageRow[], until: Date): ReplayedThread {
  const first = messages.filter((message) => message.absentAt === null);
  const from = Math.max(thread.firstSeenAt.getTime(), ...first.map((message) => message.firstSeenAt.getTime()));
  const arrivals = messages.flatMap(({ id, direction, reason, firstSeenAt, absentAt, isKnown }): Arrival[] =>
    absentAt === null || !isKnown
      ? []
      : [
          {
            direction,
            reason,
            notBefore: Math.max(from, absentAt.getTime()),
            notAfter: Math.max(from, firstSeenAt.getTime()),
            draw: drawOf(id),
          },
        ],
  );
  return {
    status: thread.status,
    createdAt: thread.createdAt.getTime(),
    from,
    until: until.getTime(),
    lastActivityAt: Math.max(thread.createdAt.getTime(), ...first.map((message) => message.activityAt.getTime())),
    held: first.map(({ direction, reason }) => ({ direction, reason })).reverse(),
    arrivals,
  };
}
