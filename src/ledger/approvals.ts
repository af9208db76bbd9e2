import type { ApprovalVerdict, PersonsVerdict, SettleResult, Unsettled } from '../domain/approvals.js';
import { recordChange } from './changes.js';
import type { Database, Sql } from './database.js';
import { readDrafts, writeDraft } from './drafts.js';
import { appendEvents } from './events.js';
import { lockMessage } from './hold-messages.js';
import { type CarriedMessage, readContent } from './lifecycles.js';

export interface Approval {
  messageId: string;
  draftVersion: number;
  /** The version of the message that the draft answers. */
  bodyVersion: number;
  askedAt: Date;
  dueAt: Date;
  verdict: ApprovalVerdict | null;
  settledAt: Date | null;
  settledBy: string | null;
  note: string | null;
}

/** Asks a person about a draft. An earlier question about the message is settled by then. */
export async function openApproval(
  tx: Sql,
  { id, carry }: Pick<CarriedMessage, 'id' | 'carry'>,
  asked: { draftVersion: number; bodyVersion: number; dueAt: Date; now: Date },
): Promise<void> {
  const { draftVersion, bodyVersion, dueAt, now } = asked;
  await tx.$executeRaw`
    INSERT INTO approval (message_id, carry, draft_version, body_version, asked_at, due_at, looked_at)
    VALUES (${id}::uuid, ${carry}, ${draftVersion}, ${bodyVersion}, ${now}, ${dueAt}, ${now})
    ON CONFLICT (message_id) DO UPDATE SET carry = excluded.carry, draft_version = excluded.draft_version,
      body_version = excluded.body_version, asked_at = excluded.asked_at, due_at = excluded.due_at,
      looked_at = excluded.looked_at, verdict = NULL, settled_at = NULL, settled_by = NULL, note = NULL`;
  const detail = { version: draftVersion, until: dueAt.toISOString() };
  await appendEvents(tx, now, [{ messageId: id, kind: 'approval_asked', carry, detail }]);
}

export async function readApproval(db: Sql, messageId: string): Promise<Approval | null> {
  const rows = await db.$queryRaw<Approval[]>`
    SELECT message_id AS "messageId", draft_version AS "draftVersion", body_version AS "bodyVersion", asked_at AS "askedAt",
           due_at AS "dueAt", verdict, settled_at AS "settledAt", settled_by AS "settledBy", note
    FROM approval WHERE message_id = ${messageId}::uuid`;
  return rows[0] ?? null;
}

/** Its lifecycle has looked and found it open: what comes into the thread from now on wakes it again. */
export const noteApprovalLooked = (tx: Sql, messageId: string, now: Date) =>
  tx.$executeRaw`UPDATE approval SET looked_at = ${now} WHERE message_id = ${messageId}::uuid AND settled_at IS NULL`;

/** Closes the question without a person. */
export const closeApproval = (tx: Sql, messageId: string, verdict: 'overdue' | 'withdrawn', now: Date) =>
  tx.$executeRaw`
    UPDATE approval SET verdict = ${verdict}, settled_at = ${now}
    WHERE message_id = ${messageId}::uuid AND settled_at IS NULL`;

export interface PersonsDecision {
  messageId: string;
  /** The version that the person has read; another one there by now is not decided on. */
  draftVersion: number;
  verdict: PersonsVerdict;
  /** Name of the token, or `cli:` and the account. */
  actor: string;
  note?: string | null;
  now: Date;
}

/**
 * Writes down what a person decided about a draft, with who and when; its lifecycle acts on that when it is woken. The same decision
 * again changes nothing and gives the same.
 */
export async function settleApproval(db: Database, decision: PersonsDecision): Promise<SettleResult> {
  const { messageId, draftVersion: version, verdict, actor, note = null, now } = decision;
  return db.transaction(async (tx) => {
    const open = await openQuestion(tx, messageId);
    const { approval, newest } = open;
    if (approval?.verdict === verdict && approval.draftVersion === version) return { settled: true, verdict, version };
    const because = open.because ?? (newest === version ? null : 'outdated');
    if (because !== null)
      return { settled: false, because, verdict: approval?.verdict ?? null, version: newest } as const;
    await tx.$executeRaw`
      UPDATE approval SET verdict = ${verdict}, settled_at = ${now}, settled_by = ${actor}, note = ${note}, draft_version = ${version}
      WHERE message_id = ${messageId}::uuid`;
    const edited = version !== approval?.draftVersion;
    await appendEvents(tx, now, [
      { messageId, kind: verdict, carry: open.carry, detail: { version, by: actor, edited } },
    ]);
    await recordChange(tx, {
      actor,
      action: `draft.${verdict}`,
      subject: `message/${messageId}`,
      detail: { version },
      now,
    });
    return { settled: true, verdict, version };
  });
}

/** Other words of a person for the draft that waits, as its next version; null and why where none waits. */
export async function editDraft(
  db: Database,
  { messageId, text, actor, now }: { messageId: string; text: string; actor: string; now: Date },
): Promise<{ version: number } | { because: Unsettled }> {
  return db.transaction(async (tx) => {
    const { because, carry } = await openQuestion(tx, messageId);
    if (because !== null) return { because };
    const draft = (await readDrafts(tx, messageId)).at(-1);
    if (draft?.action.do !== 'reply') return { because: 'not_asked' };
    const { playbook, purpose } = draft;
    const action = { ...draft.action, text };
    const version = await writeDraft(tx, { id: messageId, carry }, { purpose, action, playbook, by: actor, now });
    await appendEvents(tx, now, [{ messageId, kind: 'drafted', carry, detail: { version, by: actor } }]);
    await recordChange(tx, {
      actor,
      action: 'draft.edited',
      subject: `message/${messageId}`,
      detail: { version },
      now,
    });
    return { version };
  });
}

interface Question {
  approval: Approval | null;
  /** Why nothing can be decided about it; null where it is open. */
  because: Unsettled | null;
  /** Newest version of its draft. */
  newest: number | null;
  carry: number;
}

/** The question as it stands while the thread is held, so that neither other words nor an ending come in between. */
async function openQuestion(tx: Sql, messageId: string): Promise<Question> {
  const [known] = await tx.$queryRaw<unknown[]>`SELECT 1 FROM approval WHERE message_id = ${messageId}::uuid`;
  if (!known) return { approval: null, because: 'not_asked', newest: null, carry: 0 };
  const { carry } = (await lockMessage(tx, messageId)).message;
  const approval = await readApproval(tx, messageId);
  const newest = (await readDrafts(tx, messageId)).at(-1)?.version ?? null;
  const stands = { approval, newest, carry };
  if (!approval) return { ...stands, because: 'not_asked' };
  if (approval.verdict !== null) return { ...stands, because: 'settled_before' };
  const { version } = await readContent(tx, messageId);
  return { ...stands, because: version === approval.bodyVersion ? null : 'outdated' };
}

export interface AskedApproval extends Approval {
  source: string;
  providerMessageId: string;
  route: string | null;
  label: string | null;
  playbook: string | null;
  /** What would be done. */
  action: string;
  newestVersion: number;
}

/** Questions to people, the one that is due first before the others. */
export const listApprovals = (db: Sql, { open }: { open: boolean }): Promise<AskedApproval[]> =>
  db.$queryRaw<AskedApproval[]>`
    SELECT a.message_id AS "messageId", a.draft_version AS "draftVersion", a.body_version AS "bodyVersion", a.asked_at AS "askedAt",
           a.due_at AS "dueAt", a.verdict, a.settled_at AS "settledAt", a.settled_by AS "settledBy", a.note, m.source,
           m.provider_message_id AS "providerMessageId", m.route, d.label, draft.playbook, draft.action ->> 'do' AS action,
           draft.version AS "newestVersion"
    FROM approval a JOIN message m ON m.id = a.message_id LEFT JOIN decision d ON d.message_id = a.message_id
    JOIN LATERAL (SELECT version, playbook, action FROM draft WHERE message_id = a.message_id ORDER BY version DESC LIMIT 1) draft ON true
    WHERE NOT ${open}::boolean OR a.settled_at IS NULL
    ORDER BY (a.settled_at IS NULL) DESC, a.due_at, a.message_id LIMIT 500`;
