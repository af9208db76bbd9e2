import { only, type Sql } from './database.js';
import type { Decision } from './decisions.js';
import type { CarriedMessage, MessageContent } from './lifecycles.js';

/** What was begun about a message or its thread before: each is read in detail only where it is. */
export interface UnderWay {
  /** A call, a hand-off, a question to a person about it, in whatever state. */
  hasCall: boolean;
  hasHandOff: boolean;
  hasApproval: boolean;
  /** Its thread is with a person. */
  hasOpenCase: boolean;
  /** Other words came under it since it was last classified. */
  isToldAnew: boolean;
  /** What it was understood to ask for, and what was decided about that. */
  decision: Decision | null;
}

type Row = MessageContent & UnderWay;

/** The newest words of a message and what is under way about it. The caller holds its thread. */
export async function readUnderWay(
  tx: Sql,
  { id, threadId }: Pick<CarriedMessage, 'id' | 'threadId'>,
): Promise<{ content: MessageContent; underWay: UnderWay }> {
  const row = only(
    await tx.$queryRaw<Row[]>`
      SELECT b.version, b.from_address AS "from", b.subject, b.text, b.html, b.headers,
             EXISTS (SELECT 1 FROM call WHERE message_id = b.message_id) AS "hasCall",
             EXISTS (SELECT 1 FROM hand_off WHERE message_id = b.message_id) AS "hasHandOff",
             EXISTS (SELECT 1 FROM approval WHERE message_id = b.message_id) AS "hasApproval",
             EXISTS (SELECT 1 FROM "case" WHERE thread_id = ${threadId}::uuid AND state = 'open') AS "hasOpenCase",
             COALESCE((SELECT kind <> 'classified' FROM lifecycle_event
                       WHERE message_id = b.message_id AND kind IN ('classified', 'edited', 'body_arrived')
                       ORDER BY seq DESC LIMIT 1), false) AS "isToldAnew",
             CASE WHEN d.message_id IS NOT NULL THEN json_build_object(
               'label', label, 'confidence', confidence, 'classifier', classifier, 'abstained', abstained, 'playbook', playbook,
               'playbookVersion', playbook_version, 'action', action, 'mode', mode, 'tags', tags) END AS decision
      FROM message_body b LEFT JOIN decision d ON d.message_id = b.message_id
      WHERE b.message_id = ${id}::uuid ORDER BY b.version DESC LIMIT 1`,
    `body of message ${id}`,
  );
  const { version, from, subject, text, html, headers, ...underWay } = row;
  return { content: { version, from, subject, text, html, headers }, underWay };
}
