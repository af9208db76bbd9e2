import { createHash } from 'node:crypto';
import { admit } from '../domain/admission.js';
import type { Interval } from '../domain/interval.js';
import type { IncomingMessage } from '../domain/message.js';
import type { Timing } from '../domain/timing.js';
import { activityAt } from '../domain/visit-schedule.js';
import { only, type Sql } from '../ledger/database.js';
import { hasBody } from '../ledger/new-messages.js';
import { contentHash, messageIdHash } from '../ledger/seen-again.js';
import type { NAIVE_INSERTS } from './naive-inserts.js';
import type { NaiveIntake, NaiveReading } from './naive-poller.js';

const ADAPTER = 'naive/1';

type Row = Record<string, unknown>;
export type NaiveRows = Record<keyof typeof NAIVE_INSERTS, Row[]>;

const iso = (at: number): string => new Date(at).toISOString();
const stored = ({ from, to }: Interval) => ({ from: iso(from), to: iso(to) });

/** The rows of an intake, as the recording functions of the ledger would have written them. */
export async function naiveRows(
  db: Sql,
  intake: NaiveIntake,
  { source, mailboxGroup, timing }: { source: string; mailboxGroup: string; timing: Timing },
): Promise<NaiveRows> {
  const rows: NaiveRows = {
    windows: [],
    listings: [],
    calls: [],
    threads: [],
    twins: [],
    messages: [],
    bodies: [],
    attachments: [],
    events: [],
  };
  const newId = await idsOf(db, countIds(intake));
  const threadIds = new Map<string, string>();
  listingRows();
  for (const { thread, firstListedAt, lastReadAt } of intake.threads.values()) {
    const id = newId();
    threadIds.set(thread.providerThreadId, id);
    rows.threads.push({
      id,
      source,
      provider_thread_id: thread.providerThreadId,
      subject: thread.subject,
      inbox: thread.inbox,
      status: thread.status,
      created_at: thread.createdAt,
      first_seen_at: iso(firstListedAt),
      read_whole_at: iso(lastReadAt),
      last_activity_at: null,
    });
  }
  const rowOfThread = new Map(rows.threads.map((row) => [row.provider_thread_id, row]));
  const leads = new Map<string, Row & { id: string }>();
  const lastActivity = new Map<string, number>();
  for (const reading of intake.readings) readingRows(reading);
  rows.twins.push(...leads.values());
  return rows;

  function listingRows(): void {
    const known = new Set<string>();
    for (const { at, interval, pages } of intake.listings) {
      const [windowId, readingId] = [newId(), newId()];
      let lastCall = readingId;
      let fresh = 0;
      for (const [page, { ids, nextCursor }] of pages.entries()) {
        const news = ids.filter((id) => !known.has(id));
        for (const id of news) known.add(id);
        fresh += news.length;
        lastCall = page === 0 ? readingId : newId();
        rows.calls.push({
          ...callRow(lastCall, at, { page, readingId, ids, nextCursor }),
          operation: 'listThreads',
          parameters: {
            since: iso(interval.from),
            until: iso(interval.to),
            covering: interval.to - interval.from >= timing.coveringWidthMs,
            page,
          },
          window_id: windowId,
          thread_id: null,
          known: ids.length - news.length,
          stored: news.length,
          rejected: 0,
        });
      }
      const all = [...new Set(pages.flatMap(({ ids }) => ids))].sort();
      const covering = interval.to - interval.from >= timing.coveringWidthMs;
      const owed = { ...stored(interval), covering };
      const account = {
        owed: 1,
        listings: 1,
        pages: pages.length,
        threads: all.length,
        newThreads: fresh,
        gaps: [],
        outcome: 'balanced',
        stopped: false,
      };
      rows.windows.push({
        id: windowId,
        source,
        run_id: `naive/${source}/${iso(at)}`,
        at: iso(at),
        horizon_at: owed.from,
        owed: [owed],
        account,
      });
      rows.listings.push({
        id: newId(),
        source,
        window_id: windowId,
        from_at: owed.from,
        to_at: owed.to,
        covering,
        at: iso(at),
        pages: pages.length,
        threads: all.length,
        id_set_hash: createHash('sha256').update(all.join('\n')).digest('hex'),
        last_call_id: lastCall,
      });
    }
  }

  function readingRows({ at, providerThreadId, readBeforeAt, pages, taken, dropped }: NaiveReading): void {
    const threadId = threadIds.get(providerThreadId) ?? '';
    const readingId = newId();
    const [news, lost] = [new Set(taken.map((one) => one.providerMessageId)), new Set(dropped)];
    for (const [page, { items, nextCursor }] of pages.entries()) {
      const shown = items.flatMap((item) => (item.ok ? [item.value] : []));
      const callId = page === 0 ? readingId : newId();
      const [fresh, behind] = [news, lost].map((set) => shown.filter((one) => set.has(one.providerMessageId)));
      rows.calls.push({
        ...callRow(callId, at, { page, readingId, ids: shown.map((one) => one.providerMessageId), nextCursor }),
        operation: 'listMessages',
        parameters: { thread: providerThreadId, page },
        window_id: null,
        thread_id: threadId,
        known: shown.length - (fresh?.length ?? 0) - (behind?.length ?? 0),
        stored: fresh?.length ?? 0,
        rejected: behind?.length ?? 0,
      });
      for (const message of fresh ?? [])
        messageRows(message, { at, threadId, providerThreadId, readBeforeAt, callId, readingId });
    }
  }

  function messageRows(
    message: IncomingMessage,
    place: {
      at: number;
      threadId: string;
      providerThreadId: string;
      readBeforeAt: number | null;
      callId: string;
      readingId: string;
    },
  ): void {
    const { at, threadId, providerThreadId, readBeforeAt, callId, readingId } = place;
    const id = newId();
    const hashes = { message_id_hash: messageIdHash(message), content_hash: contentHash(message) };
    const thread = rowOfThread.get(providerThreadId);
    const createdAt = Date.parse(intake.threads.get(providerThreadId)?.thread.createdAt ?? '');
    const times = {
      originAt: message.originAt === null ? null : Date.parse(message.originAt),
      receivedAt: null,
      firstSeenAt: at,
      threadCreatedAt: createdAt,
    };
    const admission = admit({
      ...times,
      direction: message.direction,
      byFirstEnumeration: false,
      // In `observe` the newest of a group leads, so that none ends as the twin of one that nobody answers.
      twinOf: null,
      isOurReply: false,
      source: { mode: 'observe', answerFrom: null, answerFromExplicit: false },
      timing,
    });
    if (admission.end === null) throw new RangeError('what is only observed ends when it is recorded');
    const activity = activityAt({ ...times, onRevisit: readBeforeAt !== null });
    const latest = Math.max(activity, lastActivity.get(providerThreadId) ?? 0);
    lastActivity.set(providerThreadId, latest);
    if (thread) thread.last_activity_at = iso(latest);
    const carried = intake.carried.get(message.providerMessageId);
    const end = carried ?? { disposition: admission.end, reason: admission.reason };
    rows.messages.push({
      id,
      source,
      provider_message_id: message.providerMessageId,
      thread_id: threadId,
      twin_group_id: twinGroupOf(message, id, hashes),
      channel: message.channel,
      direction: message.direction,
      origin_at: message.originAt,
      at: iso(at),
      call_id: callId,
      reading_id: readingId,
      activity_at: iso(activity),
      ...hashes,
      has_body: hasBody(message),
      client_ref: message.clientRef,
      adapter_version: ADAPTER,
      ...end,
      carry_count: carried ? 1 : 0,
      absent_at: readBeforeAt === null ? null : iso(readBeforeAt),
    });
    const { from, to, subject, text, html, headers, raw = null } = message;
    rows.bodies.push({
      message_id: id,
      at: iso(at),
      call_id: callId,
      content_hash: hashes.content_hash,
      from_address: from,
      to_addresses: to,
      subject,
      text,
      html,
      headers,
      raw,
    });
    for (const { providerAttachmentId, name, contentType, size } of message.attachments)
      rows.attachments.push({
        message_id: id,
        provider_attachment_id: providerAttachmentId,
        name,
        content_type: contentType,
        size,
        at: iso(at),
      });
    rows.events.push({ at: iso(at), message_id: id, kind: 'recorded', detail: { callId, by: 'poll' } });
    rows.events.push({ at: iso(at), message_id: id, kind: 'ended', detail: end });
  }

  function twinGroupOf(
    message: IncomingMessage,
    id: string,
    hashes: { message_id_hash: string | null; content_hash: string },
  ): string {
    if (message.direction !== 'inbound' || hashes.message_id_hash === null) return id;
    const name = `${hashes.message_id_hash} ${hashes.content_hash}`;
    const lead = leads.get(name) ?? { id: newId(), mailbox_group: mailboxGroup, ...hashes };
    leads.set(name, { ...lead, first_message_id: id });
    return lead.id;
  }

  function callRow(
    id: string,
    at: number,
    page: { page: number; readingId: string; ids: string[]; nextCursor: string | null },
  ): Row {
    const { ids, nextCursor, readingId } = page;
    return {
      id,
      at: iso(at),
      source,
      reading_id: readingId,
      page: page.page,
      rows: ids.length,
      ids,
      next_cursor: nextCursor,
    };
  }
}

/** As many ids as the rows can need, in the order in which they are drawn. */
async function idsOf(db: Sql, count: number): Promise<() => string> {
  const rows = await db.$queryRaw<{ id: string }[]>`SELECT uuidv7() AS id FROM generate_series(1, ${count}::int)`;
  let next = 0;
  return () => only(rows.slice(next++, next), 'fresh ids').id;
}

const countIds = ({ listings, readings, threads, takenAt }: NaiveIntake): number =>
  listings.reduce((sum, { pages }) => sum + 2 + pages.length, 0) +
  readings.reduce((sum, { pages }) => sum + pages.length, 0) +
  threads.size +
  2 * takenAt.size;
