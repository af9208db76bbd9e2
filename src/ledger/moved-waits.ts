import type { Database } from './database.js';

export interface WokenMessage {
  id: string;
  source: string;
  firstSeenAt: Date;
}

/**
 * Messages that wait for something that has come, oldest first: held ones that no stop holds any more, and drafts about which a
 * person has decided or in whose thread something new stands. Each is given once, and again where it has not looked since: whoever took
 * it may have died before the word left. An approval would wait for that until the end of its wait.
 */
export async function takeMoved(
  db: Database,
  { limit, now, againBefore }: { limit: number; now: Date; againBefore: Date },
): Promise<WokenMessage[]> {
  const rows = await db.$queryRaw<WokenMessage[]>`
    WITH moved AS (
      SELECT m.id FROM message m LEFT JOIN decision d ON d.message_id = m.id LEFT JOIN approval a ON a.message_id = m.id
      WHERE m.state = 'waiting' AND m.waiting_kind IN ('stopped', 'approval')
        AND (m.waiting_until > ${now} OR m.waiting_until < ${againBefore})
        AND CASE m.waiting_kind
          WHEN 'stopped' THEN NOT EXISTS (
            SELECT 1 FROM sending_stop s
            WHERE s.lifted_at IS NULL AND (s.source IS NULL OR s.source = m.source) AND (s.route IS NULL OR s.route = m.route)
              AND (s.playbook IS NULL OR s.playbook = d.playbook))
          ELSE a.settled_at IS NOT NULL
            OR EXISTS (SELECT 1 FROM message o WHERE o.thread_id = m.thread_id AND o.first_seen_at > a.looked_at)
            OR EXISTS (SELECT 1 FROM message_body b WHERE b.message_id = m.id AND b.version > a.body_version)
        END
      ORDER BY m.first_seen_at, m.id LIMIT ${limit} FOR UPDATE OF m SKIP LOCKED)
    UPDATE message SET waiting_until = ${now} FROM moved WHERE message.id = moved.id
    RETURNING message.id, message.source, message.first_seen_at AS "firstSeenAt"`;
  return rows.sort((a, b) => a.firstSeenAt.getTime() - b.firstSeenAt.getTime() || (a.id < b.id ? -1 : 1));
}

/** Its workflow is gone: the next dispatch carries it again. */
export const offerAgain = (db: Database, messageId: string) =>
  db.$executeRaw`
    UPDATE message SET dispatched_at = NULL WHERE id = ${messageId}::uuid AND state IN ('recorded', 'carried', 'waiting')`;
