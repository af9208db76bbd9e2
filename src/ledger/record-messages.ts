import { type Admission, admit, originPlausible } from '../domain/admission.js';
import { collidedId, PROBE_REF_PREFIX } from '../domain/identity.js';
import type { IncomingMessage, Item } from '../domain/message.js';
import type { FirstSeenBy } from '../domain/states.js';
import type { Timing } from '../domain/timing.js';
import { activityAt } from '../domain/visit-schedule.js';
import type { Page } from '../sources/source.js';
import { type BackfillTermsOfReading, type PastOfThread, pastOf } from './backfill-terms.js';
import { type CallCounts, finishCall, type OpenCall, pagesOfReading } from './calls.js';
import { canariesAmong } from './canaries.js';
import { resolveByReply } from './cases.js';
import { closeReading, type NextOfReading, nextOfReading } from './close-reading.js';
import { recordCollisions } from './collisions.js';
import { type Database, only, type Sql } from './database.js';
import { appendEvents, type LifecycleEvent } from './events.js';
import { recordChanges } from './message-changes.js';
import { insertMessages, type NewMessage } from './new-messages.js';
import { confirmReplies } from './outbox.js';
import { parkedItemId, parkItems, resolveParks, type UnreadableItem } from './parks.js';
import { contentHash, messageIdHash, sortSeen } from './seen-again.js';
import { readSource, type Source } from './sources.js';
import { refuseMassParking } from './stopped-sources.js';
import { resolveTwins } from './twins.js';
import { lockThread, noteThreadShown, type Thread } from './visits.js';

export interface MessagePageContext {
  threadId: string;
  firstSeenBy: FirstSeenBy;
  adapterVersion: string;
  now: Date;
  timing: Timing;
  /** The backfill that reads it, and what may be done about what it takes in. */
  backfill?: BackfillTermsOfReading;
  /** Runs in the transaction of the page, once it is known what was new and how the reading goes on. */
  along?(tx: Sql, page: { inserted: readonly NewMessage[]; parked: number; next: NextOfReading }): Promise<void>;
}

export interface RecordedMessagePage extends CallCounts {
  next: NextOfReading;
  /** How many inbound messages now wait for a lifecycle: stored without an ending, or to be carried again. */
  open: number;
}

/** A page, unlike the answer to our own request, shows what the provider really executed. */
const shown = (page: Page<IncomingMessage>): IncomingMessage[] =>
  page.items.flatMap((item) => (item.ok ? [item.value] : []));

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
  await refuseMassParking(db, call, page, 'message', context.now);
  return db.transaction(async (tx) => {
    const { counts, inserted, demandedAt } = await recordRows(tx, call, page, context);
    const next = await nextOfReading(tx, call, page.nextCursor, { ...context, demandedAt });
    await context.along?.(tx, { inserted, parked: counts.parked, next });
    return { ...counts, next };
  });
}

/** What every page of a thread has in common: its rows, the replies of ours that it shows, and the balance of its call. */
async function recordRows(tx: Sql, call: OpenCall, page: Page<IncomingMessage>, context: MessagePageContext) {
  const thread = await lockThread(tx, context.threadId);
  const source = await readSource(tx, thread.source);
  await noteThreadShown(tx, thread, context.now);
  const { ids, inserted, ...counts } = await recordItems(tx, call, page.items, { ...context, thread, source });
  await confirmReplies(tx, shown(page), context.now);
  const { status, nextCursor, unknownFields } = page;
  await finishCall(tx, call, { ...counts, status, ids, nextCursor, unknownFields }, context.now);
  return { counts, ids, inserted, demandedAt: source.demandedAt };
}

export interface RecordContext extends MessagePageContext {
  thread: Thread;
  source: Source;
  /** The rows lay parked until a newer adapter could read them. */
  readLate?: boolean;
}

export interface RecordedItems extends CallCounts {
  open: number;
  /** Under which id each item is held, in the order of the answer. */
  ids: string[];
  /** What was new. */
  inserted: readonly NewMessage[];
}

/** The part that a reply's answer shares with a page: items in, counts out, inside the caller's transaction. */
export async function recordItems(
  tx: Sql,
  call: OpenCall,
  items: readonly Item<IncomingMessage>[],
  context: RecordContext,
): Promise<RecordedItems> {
  const { source, thread, now } = context;
  const parking = { source: source.name, callId: call.id, threadId: thread.id, now };
  const bad = items.filter((item): item is UnreadableItem => !item.ok);
  await parkItems(tx, bad, { ...parking, kind: 'message', timing: context.timing });
  const readable = items.flatMap((item) => (item.ok ? [item.value] : []));
  const { fresh, again, collided } = await sortSeen(tx, source.name, thread.id, readable);
  const stored = await recordNew(tx, call, fresh, context);
  const carriedAgain = await recordChanges(tx, call, again, context);
  await recordCollisions(tx, collided, parking);
  const taken = [...fresh, ...again.map(({ message }) => message)].map((message) => message.providerMessageId);
  await resolveParks(tx, source.name, 'message', taken, now);
  const asOther = new Map(collided.map(({ message, hash }) => [message, hash]));
  const ids = items.map((item) => {
    if (!item.ok) return parkedItemId(item);
    const hash = asOther.get(item.value);
    return hash === undefined ? item.value.providerMessageId : collidedId(item.value.providerMessageId, hash);
  });
  const parked = bad.length + collided.length;
  return {
    rows: items.length,
    known: items.length - parked - stored.length,
    stored: stored.length,
    parked,
    rejected: 0,
    open: stored.filter((one) => one.admission.end === null).length + carriedAgain,
    ids,
    inserted: stored,
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
  const facts = await factsOf(tx, source.name, fresh);
  const identified = fresh.map((message, index) => {
    const { id, isReply, isReceipt } = only(facts.slice(index), 'fresh ids');
    return {
      id,
      isOurs: isReply || (message.clientRef?.startsWith(PROBE_REF_PREFIX) ?? false),
      message: isReceipt ? { ...message, receivedAt: message.receivedAt ?? message.originAt } : message,
      messageIdHash: messageIdHash(message),
      contentHash: contentHash(message),
    };
  });
  const past = await pastOf(tx, thread, context);
  const canaries = await canariesAmong(tx, source.name, identified, now);
  const twins = await resolveTwins(tx, source.mailboxGroup, identified, past !== null && past.liveSince === null);
  const onRevisit = thread.readWholeAt !== null;
  const messages = identified.map(({ isOurs, ...one }): NewMessage => {
    const times = {
      originAt: one.message.originAt ? Date.parse(one.message.originAt) : null,
      receivedAt: one.message.receivedAt ? Date.parse(one.message.receivedAt) : null,
      firstSeenAt: now.getTime(),
      threadCreatedAt: thread.createdAt.getTime(),
    };
    const twin = twins.get(one.id);
    const backfill = termsOf(past, times, timing);
    const admission: Admission = admit({
      ...times,
      direction: one.message.direction,
      byFirstEnumeration: thread.byFirstEnumeration && !onRevisit,
      twinOf: twin?.twinOf ?? null,
      readLate: context.readLate ?? false,
      isOurReply: isOurs,
      isCanary: canaries.has(one.id),
      backfill,
      source: {
        mode: source.mode,
        answerFrom: source.answerFrom?.getTime() ?? null,
        answerFromExplicit: source.answerFromExplicit,
      },
      timing,
    });
    const twinGroupId = twin?.groupId ?? one.id;
    const activity = activityAt({ ...times, onRevisit });
    return { ...one, twinGroupId, activityAt: activity, admission, backfillId: backfill?.id ?? null };
  });
  const inserted = await insertMessages(tx, call, messages, context);
  await appendEvents(
    tx,
    now,
    inserted.flatMap((message) => recordedEvents(message, call, context)),
  );
  await resolveByReply(tx, thread, inserted, now);
  const newest = Math.max(...inserted.map((message) => message.activityAt));
  if (inserted.length > 0) {
    await tx.$executeRaw`
      UPDATE thread SET last_activity_at = GREATEST(last_activity_at, ${new Date(newest)}::timestamptz) WHERE id = ${thread.id}::uuid`;
  }
  return inserted;
}

/** What live intake would have brought in time is live traffic, whoever is the first to see it: no backfill takes it away. */
function termsOf(
  past: PastOfThread | null,
  times: { originAt: number | null; receivedAt: number | null; firstSeenAt: number; threadCreatedAt: number },
  timing: Timing,
): BackfillTermsOfReading | null {
  if (past === null || past.liveSince === null) return past?.terms ?? null;
  const writtenAt = times.receivedAt ?? (originPlausible({ ...times, timing }) ? times.originAt : null);
  return writtenAt !== null && writtenAt > past.liveSince ? null : past.terms;
}

interface NewFacts {
  /** Its id from now on. */
  id: string;
  /** A reply of ours carries its reference. */
  isReply: boolean;
  /** Whether the instants of the source count as receipts. */
  isReceipt: boolean;
}

/** What the ledger adds to new messages, in their order. */
const factsOf = (tx: Sql, source: string, fresh: readonly IncomingMessage[]): Promise<NewFacts[]> =>
  tx.$queryRaw<NewFacts[]>`
    SELECT uuidv7() AS id, EXISTS (SELECT 1 FROM outbox WHERE client_ref = ref) AS "isReply",
           EXISTS (SELECT 1 FROM claim WHERE source = ${source} AND claim = 'received_at_is_receipt' AND verdict = 'verified') AS "isReceipt"
    FROM unnest(${fresh.map((message) => message.clientRef)}::text[]) WITH ORDINALITY AS row (ref, position)
    ORDER BY position`;

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

/**
 * Commits the second look at the first page of a reading with several pages, or with none of a message: equal ids mean that
 * nothing moved meanwhile, and the thread was read whole.
 */
export async function recordConfirmingPage(
  db: Database,
  call: OpenCall,
  page: Page<IncomingMessage>,
  confirmed: { readingId: string },
  context: MessagePageContext,
): Promise<RecordedMessagePage> {
  await refuseMassParking(db, call, page, 'message', context.now);
  return db.transaction(async (tx) => {
    const { counts, ids, inserted, demandedAt } = await recordRows(tx, call, page, context);
    const pages = await pagesOfReading(tx, confirmed.readingId);
    const first = only(pages, `reading ${confirmed.readingId}`);
    const same = first.ids.join('\n') === ids.join('\n');
    const next = same ? await closeReading(tx, call, pages, { ...context, demandedAt }) : 'shifted';
    await context.along?.(tx, { inserted, parked: counts.parked, next });
    return { ...counts, next };
  });
}
