import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../domain/clock.js';
import type { Address, IncomingMessage } from '../domain/message.js';
import type { Timing } from '../domain/timing.js';
import type { Rereader } from '../sources/rereader.js';
import type { Database, Sql } from './database.js';
import { appendEvents } from './events.js';
import { hasBody, insertAttachments, insertBodies } from './new-messages.js';
import { contentHash, messageIdHash } from './seen-again.js';
import { lockThread } from './visits.js';

const BATCH = 200;
const NAMED = 100;

export interface Reprocessing {
  source: string;
  /** Answers recorded from this instant on are read again. */
  since: Date;
  /** Say what would change, and change nothing. */
  dryRun: boolean;
  by: string;
  adapter: Rereader;
  clock: Clock;
  timing: Timing;
  progress(done: number, of: number): void;
}

export interface MessagesReprocessed {
  examined: number;
  unchanged: number;
  changed: number;
  /** How often each field gives something else. */
  fields: Record<string, number>;
  /** Our ids of changed messages; the first hundred. */
  changedIds: string[];
  /** Today's adapter reads another identity, direction or channel: left as they are, for a person. */
  refusedIds: string[];
  /** Kept rows that today's adapter cannot read; what was read of them before stays. */
  unreadable: number;
  /** Messages whose row was not kept. */
  notKept: number;
}

interface StoredReading {
  id: string;
  threadId: string;
  providerMessageId: string;
  channel: string;
  direction: string;
  originAt: Date | null;
  receivedAt: Date | null;
  clientRef: string | null;
  messageIdHash: string | null;
  adapterVersion: string;
  carryCount: number;
  version: number;
  callId: string;
  from: Address | null;
  to: Address[];
  subject: string | null;
  text: string | null;
  html: string | null;
  headers: Record<string, string>;
  attachments: string[];
  raw: string | null;
}

async function readStored(
  db: Sql,
  where: { source: string; since: Date; after: string | null; only: string | null },
): Promise<StoredReading[]> {
  return db.$queryRaw<StoredReading[]>`
    SELECT m.id, m.thread_id AS "threadId", m.provider_message_id AS "providerMessageId", m.channel, m.direction,
           m.origin_at AS "originAt", m.received_at AS "receivedAt", m.client_ref AS "clientRef",
           m.message_id_hash AS "messageIdHash", m.adapter_version AS "adapterVersion", m.carry_count AS "carryCount",
           b.version, b.call_id AS "callId", b.from_address AS "from", b.to_addresses AS "to", b.subject, b.text, b.html, b.headers,
           ARRAY(SELECT provider_attachment_id FROM attachment a WHERE a.message_id = m.id) AS attachments, b.raw
    FROM message m
    JOIN LATERAL (SELECT * FROM message_body WHERE message_id = m.id AND recorded_at >= ${where.since}
                  ORDER BY version DESC LIMIT 1) AS b ON true
    WHERE m.source = ${where.source} AND (${where.after}::uuid IS NULL OR m.id > ${where.after}::uuid)
      AND (${where.only}::uuid IS NULL OR m.id = ${where.only}::uuid)
    ORDER BY m.id LIMIT ${BATCH}`;
}

const at = (instant: Date | string | null): number | null => (instant === null ? null : new Date(instant).getTime());
/** Names of what today's adapter reads differently. */
function differences(stored: StoredReading, read: IncomingMessage): string[] {
  const pairs: Record<string, [unknown, unknown]> = {
    from: [stored.from, read.from],
    to: [stored.to, read.to],
    subject: [stored.subject, read.subject],
    text: [stored.text, read.text],
    html: [stored.html, read.html],
    headers: [stored.headers, read.headers],
    originAt: [at(stored.originAt), at(read.originAt)],
    receivedAt: [at(stored.receivedAt), at(read.receivedAt)],
    clientRef: [stored.clientRef, read.clientRef],
    messageId: [stored.messageIdHash, messageIdHash(read)],
  };
  const names = Object.entries(pairs).filter(([, [before, after]]) => !isDeepStrictEqual(before, after));
  const more = read.attachments.some((one) => !stored.attachments.includes(one.providerAttachmentId));
  return [...names.map(([name]) => name), ...(more ? ['attachments'] : [])];
}

const isSameItem = (stored: StoredReading, read: IncomingMessage): boolean =>
  stored.providerMessageId === read.providerMessageId &&
  stored.direction === read.direction &&
  stored.channel === read.channel;

/**
 * Reads the kept rows of a source again with today's adapter. What it reads differently becomes a version of the message; state,
 * ending and replies stay as they are, so nothing is answered again. Each message is one transaction that holds its thread.
 */
export async function reprocessMessages(db: Database, run: Reprocessing): Promise<MessagesReprocessed> {
  const { source, since, adapter } = run;
  const report: MessagesReprocessed = {
    examined: 0,
    unchanged: 0,
    changed: 0,
    fields: {},
    changedIds: [],
    refusedIds: [],
    unreadable: 0,
    notKept: 0,
  };
  const [total] = await db.$queryRaw<{ n: number }[]>`SELECT count(*)::int AS n FROM message WHERE source = ${source}`;
  for (let after: string | null = null; ; ) {
    const batch: StoredReading[] = await readStored(db, { source, since, after, only: null });
    if (batch.length === 0) return report;
    const same: string[] = [];
    for (const stored of batch) {
      report.examined += 1;
      const read = reread(stored, adapter);
      if (read === 'not kept') report.notKept += 1;
      else if (read === 'unreadable') report.unreadable += 1;
      else if (!isSameItem(stored, read)) {
        if (report.refusedIds.length < NAMED) report.refusedIds.push(stored.id);
      } else if (differences(stored, read).length === 0) same.push(stored.id);
      else {
        const fields = run.dryRun ? differences(stored, read) : await rewrite(db, run, stored);
        if (fields.length === 0) continue;
        report.changed += 1;
        if (report.changedIds.length < NAMED) report.changedIds.push(stored.id);
        for (const field of fields) report.fields[field] = (report.fields[field] ?? 0) + 1;
      }
    }
    report.unchanged += same.length;
    if (!run.dryRun && same.length > 0) {
      await db.$executeRaw`
        UPDATE message SET adapter_version = ${adapter.version}
        WHERE id = ANY (${same}::uuid[]) AND adapter_version <> ${adapter.version}`;
    }
    after = batch.at(-1)?.id ?? null;
    run.progress(report.examined, total?.n ?? report.examined);
  }
}

function reread(stored: StoredReading, adapter: Rereader): IncomingMessage | 'not kept' | 'unreadable' {
  if (stored.raw === null) return 'not kept';
  const item = adapter.keptMessage(stored.raw, { text: stored.text, html: stored.html });
  return item?.ok ? item.value : 'unreadable';
}

/** Gives the fields that became a version; none where another transaction was faster. */
async function rewrite(db: Database, run: Reprocessing, seen: StoredReading): Promise<string[]> {
  return db.transaction(async (tx) => {
    await lockThread(tx, seen.threadId);
    const [stored] = await readStored(tx, { source: run.source, since: run.since, after: null, only: seen.id });
    const read = stored && reread(stored, run.adapter);
    if (!stored || typeof read !== 'object') return [];
    const fields = differences(stored, read);
    if (fields.length === 0) return [];
    const now = run.clock.now();
    const hash = contentHash(read);
    const version = { id: stored.id, message: read, contentHash: hash, version: stored.version + 1 };
    await insertBodies(tx, { id: stored.callId }, [version], now);
    await insertAttachments(tx, [version], now);
    await tx.$executeRaw`
      UPDATE message SET content_hash = ${hash}, has_body = ${hasBody(read)}, adapter_version = ${run.adapter.version},
             origin_at = ${read.originAt}::timestamptz, received_at = ${read.receivedAt}::timestamptz, client_ref = ${read.clientRef},
             message_id_hash = ${messageIdHash(read)}
      WHERE id = ${stored.id}::uuid`;
    const detail = { from: stored.adapterVersion, to: run.adapter.version, fields, by: run.by };
    await appendEvents(tx, now, [{ messageId: stored.id, kind: 'reprocessed', carry: stored.carryCount, detail }]);
    return fields;
  });
}
