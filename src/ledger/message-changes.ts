import { beforeAnswerFrom } from '../domain/admission.js';
import { afterChange } from '../domain/after-change.js';
import { BY_WAYBILL } from '../domain/cases.js';
import { noteShown } from './absences.js';
import { closeApproval } from './approvals.js';
import type { OpenCall } from './calls.js';
import { openCase, resolveCase } from './cases.js';
import { only, type Sql } from './database.js';
import { appendEvents, type LifecycleEvent } from './events.js';
import { endMessage } from './lifecycles.js';
import { moveMessages } from './moves.js';
import { hasBody, insertAttachments, insertBodies } from './new-messages.js';
import type { RecordContext } from './record-messages.js';
import { messageIdHash, type SeenAgain } from './seen-again.js';
import { resolveTwins } from './twins.js';

const MOVED = new Set<SeenAgain['as']>(['moved', 'moved_edited']);
const EDITED = new Set<SeenAgain['as']>(['edited', 'moved_edited']);

/**
 * What a known message shows anew: that it is still there, another thread, a body that came late, another content. Content becomes
 * a version, never an overwrite. Gives how many messages are to be carried again.
 */
export async function recordChanges(
  tx: Sql,
  call: OpenCall,
  seen: readonly SeenAgain[],
  context: RecordContext,
): Promise<number> {
  const { now, thread } = context;
  const moved = seen.filter(({ as }) => MOVED.has(as)).map(({ row }) => row);
  await moveMessages(tx, moved, { call, thread, now });
  await appendEvents(
    tx,
    now,
    moved.map(({ id, threadId, carryCount }) => ({
      messageId: id,
      kind: 'moved',
      carry: carryCount,
      detail: { callId: call.id, from: threadId, to: thread.id },
    })),
  );
  await noteShown(
    tx,
    seen.map(({ row }) => row),
    call.id,
    now,
  );
  let carriedAgain = 0;
  for (const one of seen) {
    if (EDITED.has(one.as) && (await recordVersion(tx, call, one, context))) carriedAgain += 1;
  }
  return carriedAgain;
}

/** One changed message: edits are rare, so each has its own statements. Gives whether it is to be carried again. */
async function recordVersion(tx: Sql, call: OpenCall, one: SeenAgain, context: RecordContext): Promise<boolean> {
  const { row, message, hash } = one;
  const { now } = context;
  const [last] = await tx.$queryRaw<{ version: number }[]>`
    SELECT max(version) AS version FROM message_body WHERE message_id = ${row.id}::uuid`;
  const version = (last?.version ?? 0) + 1;
  await insertBodies(tx, call, [{ id: row.id, message, contentHash: hash, version }], now);
  await insertAttachments(tx, [{ id: row.id, message }], now);
  await tx.$executeRaw`
    UPDATE message SET content_hash = ${hash}, has_body = ${hasBody(message)},
      message_id_hash = COALESCE(message_id_hash, ${messageIdHash(message)})
    WHERE id = ${row.id}::uuid`;
  const kind = row.hasBody ? 'edited' : 'body_arrived';
  await appendEvents(tx, now, [eventOf(one, kind, { callId: call.id, version })]);
  return follow(tx, one, kind, context);
}

async function follow(tx: Sql, one: SeenAgain, because: string, context: RecordContext): Promise<boolean> {
  const { row, message } = one;
  const { source, thread, now } = context;
  const stamps = {
    originAt: row.originAt?.getTime() ?? null,
    firstSeenAt: row.firstSeenAt.getTime(),
    threadCreatedAt: thread.createdAt.getTime(),
  };
  const replyLeft = await mayHaveLeft(tx, row.id);
  const next = afterChange({
    ...row,
    hadBody: row.hasBody,
    hasBody: hasBody(message),
    replyLeft,
    mayBeAnswered: source.mode !== 'observe' && !beforeAnswerFrom(stamps, source.answerFrom?.getTime() ?? null),
  });
  switch (next) {
    case 'recorded':
      return false;
    case 'to_person':
      await openCase(tx, thread.id, row.id, 'edited_after_answer', now);
      return false;
    case 'decided_anew':
      await withdrawUnsent(tx, one, because, context);
      await joinTwins(tx, one, context);
      return false;
    case 'carried_again':
      await withdrawUnsent(tx, one, because, context); // one that was parked can have left its reply behind
      await carryAgain(tx, one, because, context);
      return !(await joinTwins(tx, one, context));
  }
}

/** Whether a reply, a call or a hand-off is on its way on the words of before, or may be, or took place. */
async function mayHaveLeft(tx: Sql, messageId: string): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM outbox WHERE message_id = ${messageId}::uuid AND state IN ('posting', 'doubtful', 'accepted', 'unconfirmed')
    UNION ALL
    SELECT 1 FROM call WHERE message_id = ${messageId}::uuid AND state IN ('placing', 'doubtful', 'placed', 'completed')
    UNION ALL
    SELECT 1 FROM hand_off WHERE message_id = ${messageId}::uuid AND state IN ('sending', 'acknowledged', 'done')`;
  return rows.length > 0;
}

/** The reply answers words that are no longer the newest; the lifecycle decides again and writes another. */
async function withdrawUnsent(tx: Sql, one: SeenAgain, because: string, { now }: RecordContext): Promise<void> {
  const withdrawn = await tx.$executeRaw`
    UPDATE outbox SET state = 'withdrawn', fence = fence + 1
    WHERE message_id = ${one.row.id}::uuid AND state IN ('drafted', 'pending', 'looking')`;
  await closeApproval(tx, one.row.id, 'withdrawn', now);
  if (withdrawn > 0) await appendEvents(tx, now, [eventOf(one, 'reply_withdrawn', { because })]);
}

async function carryAgain(tx: Sql, one: SeenAgain, because: string, { now }: RecordContext): Promise<void> {
  // The case asked a person about a message without words; with words it is decided anew.
  const over = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM "case" WHERE message_id = ${one.row.id}::uuid AND reason = 'empty_body' AND state = 'open'`;
  for (const { id: caseId } of over) await resolveCase(tx, { caseId, how: 'carried_again', by: BY_WAYBILL, now });
  await tx.$executeRaw`
    UPDATE message SET state = 'recorded', disposition = NULL, reason = NULL, ended_at = NULL, case_id = NULL,
           other_message_id = NULL, dispatched_at = NULL, carrier_run_id = NULL
    WHERE id = ${one.row.id}::uuid AND state IN ('ended', 'parked')`;
  await appendEvents(tx, now, [eventOf(one, 'reopened', { because })]);
}

/**
 * An open message belongs to the twin group of the content that it has now: of two copies of one mail the second can be listed
 * without its body first. True where another message of that group came first and this one has ended with it.
 */
async function joinTwins(tx: Sql, one: SeenAgain, { source, now }: RecordContext): Promise<boolean> {
  const { row, message, hash } = one;
  const header = row.messageIdHash ?? messageIdHash(message);
  if (row.direction !== 'inbound' || header === null) return false;
  const candidate = { id: row.id, message, messageIdHash: header, contentHash: hash };
  const twin = only([...(await resolveTwins(tx, source.mailboxGroup, [candidate])).values()], `twins of ${row.id}`);
  await tx.$executeRaw`UPDATE message SET twin_group_id = ${twin.groupId}::uuid WHERE id = ${row.id}::uuid`;
  if (twin.twinOf === null) return false;
  const { id: messageId, carryCount: carry } = row;
  return endMessage(tx, {
    messageId,
    carry,
    disposition: 'duplicate_of',
    reason: 'twin',
    otherMessageId: twin.twinOf,
    now,
  });
}

const eventOf = (
  { row }: SeenAgain,
  kind: LifecycleEvent['kind'],
  detail: Record<string, unknown>,
): LifecycleEvent => ({
  messageId: row.id,
  kind,
  carry: row.carryCount,
  detail,
});
