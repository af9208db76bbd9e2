import type { Timing } from '../domain/timing.js';
import { quenchAlarm, raiseAlarm } from './alarms.js';
import type { Database } from './database.js';

/** One alarm for each source names so many of them. */
const NAMED = 20;

interface Overdue {
  source: string;
  replies: number;
  messageIds: string[];
  since: Date;
}

/**
 * Raises `reply_overdue` where the provider accepted a reply and no visit has seen it in its thread within its time, for each source
 * with the ids of the messages; quenches it where all are seen. Said anew only when their number changes.
 */
export async function sweepReplies(db: Database, { replyConfirmMs }: Timing, now: Date): Promise<void> {
  const overdue = await db.$queryRaw<Overdue[]>`
    SELECT source, count(*)::int AS replies, min(accepted_at) AS since,
           (array_agg(message_id ORDER BY accepted_at))[1:${NAMED}::int] AS "messageIds"
    FROM outbox WHERE accepted_at IS NOT NULL AND confirmed_at IS NULL AND accepted_at < ${new Date(now.getTime() - replyConfirmMs)}
    GROUP BY source`;
  const said = await db.$queryRaw<{ source: string; replies: number }[]>`
    SELECT source, (evidence ->> 'replies')::int AS replies FROM alarm
    WHERE kind = 'reply_overdue' AND state IN ('open', 'acknowledged')`;
  const alarm = (source: string) => ({ kind: 'reply_overdue', source, subject: 'replies', now }) as const;
  for (const { source, replies, messageIds, since } of overdue) {
    if (said.some((one) => one.source === source && one.replies === replies)) continue;
    const evidence = { replies, messageIds, acceptedSince: since.toISOString() };
    await db.transaction((tx) => raiseAlarm(tx, { ...alarm(source), evidence }));
  }
  for (const { source } of said)
    if (!overdue.some((one) => one.source === source)) await db.transaction((tx) => quenchAlarm(tx, alarm(source)));
}
