import { createHash } from 'node:crypto';
import { type Admission, admit } from '../domain/admission.js';
import { PROBE_REF_PREFIX } from '../domain/identity.js';
import { type IncomingMessage, type Item } from '../domain/message.js';
import type { FirstSeenBy } from '../domain/states.js';
import type { Timing } from '../domain/timing.js';
import { activityAt } from '../domain/visit-schedule.js';
import type { Page } from '../sources/source.js';
import { type CallCounts, finishCall, type OpenCall, pagesOfReading, repeatsId } from './calls.js';
import { canariesAmong } from './canaries.js';
import { claimVerdict } from './claims.js';
import { type Database, only, type Sql } from './database.js';
import { appendEvents, type LifecycleEvent } from './events.js';
import { recordChanges } from './message-changes.js';
import { insertMessages, type NewMessage } from './new-messages.js';
import { confirmReplies } from './outbox.js';
import { parkedItemId, parkItems, resolveParks, type UnreadableItem } from './parks.js';
import { readSource, type Source } from './sources.js';
import { resolveTwins } from './twins.js';
import { closeVisit, lockThread, type Thread } from './visits.js';

export interface MessagePageContext {
  threadId: string;
  firstSeenBy: FirstSeenBy;
  adapterVersion: string;
  now: Date;
  timing: Timing;
}

export interface RecordedMessagePage extends CallCounts {
  /**
   * `more`: ask for the next page; `confirm`: the last page is in, read the first once more to see that nothing moved;
   * `end`: read whole; `shifted`: rows moved, read again.
   */
  next: 'more' | 'confirm' | 'end' | 'shifted';
  /** Our ids of what was stored as inbound and has no ending yet. */
  open: number;
}

/** A page, unlike the answer to our own request, shows what the provider really executed. */
const shown = (page: Page<IncomingMessage>): IncomingMessage[] =>
  page.items.flatMap((item) => (item.ok ? [item.value] : []));

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What makes two messages the same content: who wrote what, with which attachments; never where it was delivered. */
export const contentHash = (message: IncomingMessage): string =>
  sha256(
    JSON.stringify([
      message.from?.value ?? null,
      message.subject,
      message.text,
      message.html,
      message.attachments.map((one) => [one.name, one.size]),
    ]),
  );

export interface KnownMessage {
  id: string;
  providerMessageId: string;
  threadId: string;
  contentHash: string;
  hasBody: boolean;
  state: string;
  disposition: string | null;
  reason: string | null;
  carryCount: number;
}

async function readKnown(tx: Sql, source: string, ids: readonly string[]): Promise<Map<string, KnownMessage>> {
  const rows = await tx.$queryRaw<KnownMessage[]>`
    SELECT id, provider_message_id AS "providerMessageId", thread_id AS "threadId", content_hash AS "contentHash",
           has_body AS "hasBody", state, disposition, reason, carry_count AS "carryCount"
    FROM message WHERE source = ${source} AND provider_message_id = ANY (${[...ids]}::text[])`;
  return new Map(rows.map((row) => [row.providerMessageId, row]));
}

/**
 * Commits one page of a thread: new messages with bodies, attachments, admission and events, changes of known ones, what could
 * not be read, and the balance of the call. One transaction; running twice stores nothing twice. Source: DESIGN law 1, law 2.
 */
export async function recordMessagePage(
  db: Database,
  call: OpenCall,
  page: Page<IncomingMessage>,
  context: MessagePageContext,
): Promise<RecordedMessagePage> {
  return db.transaction(async (tx) => {
    const { counts, demandedAt } = await recordRows(tx, call, page, context);
    return { ...counts, next: await whatNext(tx, call, page.nextCursor, { ...context, demandedAt }) };
  });
}

/** What every page of a thread has in common: its rows, the replies of ours that it shows, and the balance of its call. */
async function recordRows(tx: Sql, call: OpenCall, page: Page<IncomingMessage>, context: MessagePageContext) {
  const thread = await lockThread(tx, context.threadId);
  const source = await readSource(tx, thread.source);
  const counts = await recordItems(tx, call, page.items, { ...context, thread, source });
  await confirmReplies(tx, shown(page), context.now);
  const ids = page.items.map((item) => (item.ok ? item.value.providerMessageId : parkedItemId(item)));
  const { status, nextCursor, unknownFields } = page;
  await finishCall(tx, call, { ...counts, status, ids, nextCursor, unknownFields }, context.now);
  return { counts, ids, demandedAt: source.demandedAt };
}

export interface RecordContext extends MessagePageContext {
  thread: Thread;
  source: Source;
}

/** The part that a reply's answer shares with a page: items in, counts out, inside the caller's transaction. */
export async function recordItems(
  tx: Sql,
  call: OpenCall,
  items: readonly Item<IncomingMessage>[],
  context: RecordContext,
): Promise<CallCounts & { open: number }> {
  const { source, thread, now } = context;
  const bad = items.filter((item): item is UnreadableItem => !item.ok);
  await parkItems(tx, bad, { source: source.name, kind: 'message', callId: call.id, threadId: thread.id, now });
  const incoming = new Map(
    items.flatMap((item) => (item.ok ? [[item.value.providerMessageId, item.value] as const] : [])),
  );
  const known = await readKnown(tx, source.name, [...incoming.keys()]);
  const fresh = [...incoming.values()].filter((message) => !known.has(message.providerMessageId));
  const stored = await recordNew(tx, call, fresh, context);
  const seenAgain = [...incoming.values()].flatMap((message) => {
    const row = known.get(message.providerMessageId);
    return row ? [{ message, row, hash: contentHash(message) }] : [];
  });
  await recordChanges(tx, call, seenAgain, context);
  await resolveParks(tx, source.name, 'message', [...incoming.keys()], now);
  const rows = items.length;
  return {
    rows,
    known: rows - bad.length - stored.length,
    stored: stored.length,
    parked: bad.length,
    rejected: 0,
    open: stored.filter((one) => one.admission.end === null).length,
  };
}

async function recordNew(
  tx: Sql,
  call: OpenCall,
  fresh: readonly IncomingMessage[],
  context: RecordContext,
): Promise<NewMessage[]> {
  if (fresh.length === 0) return [];
  const { source, thread, now, timing } = context;
  const ids = await tx.$queryRaw<{ id: string }[]>`SELECT uuidv7() AS id FROM generate_series(1, ${fresh.length}::int)`;
  const refs = fresh.flatMap((message) => (message.clientRef ? [message.clientRef] : []));
  const ours = await tx.$queryRaw<
    { ref: string }[]
  >`SELECT client_ref AS ref FROM outbox WHERE client_ref = ANY (${refs}::text[])`;
  const ourRefs = new Set(ours.map((row) => row.ref));
  const isOurs = (ref: string | null) => ref !== null && (ourRefs.has(ref) || ref.startsWith(PROBE_REF_PREFIX));
  const isReceipt = (await claimVerdict(tx, source.name, 'received_at_is_receipt')) === 'verified';
  const identified = fresh.map((message, index) => ({
    id: only(ids.slice(index), 'fresh ids').id,
    message: isReceipt ? { ...message, receivedAt: message.receivedAt ?? message.originAt } : message,
    messageIdHash: message.messageIdHeader ? sha256(message.messageIdHeader) : null,
    contentHash: contentHash(message),
  }));
  const canaries = await canariesAmong(tx, source.name, identified, now);
  const twins = await resolveTwins(tx, source.mailboxGroup, identified);
  const onRevisit = thread.readWholeAt !== null;
  const messages = identified.map((one): NewMessage => {
    const times = {
      originAt: one.message.originAt ? Date.parse(one.message.originAt) : null,
      receivedAt: one.message.receivedAt ? Date.parse(one.message.receivedAt) : null,
      firstSeenAt: now.getTime(),
      threadCreatedAt: thread.createdAt.getTime(),
    };
    const twin = twins.get(one.id);
    const admission: Admission = admit({
      ...times,
      direction: one.message.direction,
      byFirstEnumeration: thread.byFirstEnumeration && !onRevisit,
      twinOf: twin?.twinOf ?? null,
      isOurReply: isOurs(one.message.clientRef),
      isCanary: canaries.has(one.id),
      source: {
        mode: source.mode,
        answerFrom: source.answerFrom?.getTime() ?? null,
        answerFromExplicit: source.answerFromExplicit,
      },
      timing,
    });
    return { ...one, twinGroupId: twin?.groupId ?? one.id, activityAt: activityAt({ ...times, onRevisit }), admission };
  });
  const inserted = await insertMessages(tx, call, messages, context);
  await appendEvents(
    tx,
    now,
    inserted.flatMap((message) => recordedEvents(message, call, context)),
  );
  const newest = Math.max(...inserted.map((message) => message.activityAt));
  if (inserted.length > 0) {
    await tx.$executeRaw`
      UPDATE thread SET last_activity_at = GREATEST(last_activity_at, ${new Date(newest)}::timestamptz) WHERE id = ${thread.id}::uuid`;
  }
  return inserted;
}

function recordedEvents(message: NewMessage, call: OpenCall, context: RecordContext): LifecycleEvent[] {
  const base = { messageId: message.id, carry: 0 };
  const recorded: LifecycleEvent = { ...base, kind: 'recorded', detail: { callId: call.id, by: context.firstSeenBy } };
  const { admission } = message;
  if (admission.end === null) return [recorded];
  const other = admission.end === 'duplicate_of' ? { other: admission.other } : {};
  return [
    recorded,
    { ...base, kind: 'ended', detail: { disposition: admission.end, reason: admission.reason, ...other } },
  ];
}

async function whatNext(
  tx: Sql,
  call: OpenCall,
  nextCursor: string | null,
  context: MessagePageContext & { demandedAt: Date | null },
): Promise<RecordedMessagePage['next']> {
  if (context.firstSeenBy === 'look') return nextCursor === null ? 'end' : 'more';
  if (nextCursor !== null) return 'more';
  const pages = await pagesOfReading(tx, call.readingId);
  if (repeatsId(pages)) return 'shifted';
  if (pages.length > 1) return 'confirm';
  const { threadId, demandedAt, now, timing } = context;
  await closeVisit(tx, { threadId, begunAt: only(pages, 'pages').openedAt, demandedAt, now, timing });
  return 'end';
}

/**
 * Commits the second look at the first page of a reading with several pages: equal ids mean that nothing moved meanwhile, and
 * the thread was read whole.
 */
export async function recordConfirmingPage(
  db: Database,
  call: OpenCall,
  page: Page<IncomingMessage>,
  confirmed: { readingId: string },
  context: MessagePageContext,
): Promise<RecordedMessagePage> {
  return db.transaction(async (tx) => {
    const { counts, ids, demandedAt } = await recordRows(tx, call, page, context);
    const first = only(await pagesOfReading(tx, confirmed.readingId), `reading ${confirmed.readingId}`);
    if (first.ids.join('\n') !== ids.join('\n')) return { ...counts, next: 'shifted' };
    const { threadId, now, timing } = context;
    await closeVisit(tx, { threadId, begunAt: first.openedAt, demandedAt, now, timing });
    return { ...counts, next: 'end' };
  });
}
