import type { Admission } from '../domain/admission.js';
import { UNREADABLE_PREFIX } from '../domain/identity.js';
import type { OpenCall } from './calls.js';
import type { Sql } from './database.js';
import type { RecordContext } from './record-messages.js';
import type { TwinCandidate } from './twins.js';

export interface NewMessage extends TwinCandidate {
  twinGroupId: string;
  /** Milliseconds since 1970. */
  activityAt: number;
  admission: Admission;
  /** The backfill that brought it in; null where live intake did, or would have. */
  backfillId: string | null;
}

/** One unnest insert per table. Returns those that were really new: a row that another transaction stored meanwhile is known. */
export async function insertMessages(
  tx: Sql,
  call: OpenCall,
  messages: readonly NewMessage[],
  context: RecordContext,
): Promise<NewMessage[]> {
  const { source, thread, now } = context;
  const of = <T>(pick: (message: NewMessage) => T): T[] => messages.map(pick);
  const rows = await tx.$queryRaw<{ id: string }[]>`
    INSERT INTO message (id, source, provider_message_id, thread_id, twin_group_id, channel, direction, origin_at, received_at,
      first_seen_at, first_seen_by, first_call_id, reading_id, activity_at, arrival_known, message_id_hash, content_hash, has_body, client_ref,
      adapter_version, hold, state, disposition, reason, other_message_id, ended_at, absent_at, backfill_id)
    SELECT id, ${source.name}, provider_id, ${thread.id}::uuid, twin_group_id, channel, direction, origin_at, received_at,
      ${now}::timestamptz, ${context.firstSeenBy}, ${call.id}::uuid, ${call.readingId}::uuid, activity_at, received_at IS NOT NULL OR ${thread.readWholeAt !== null}, message_id_hash,
      content_hash, has_body, client_ref, ${context.adapterVersion}, hold,
      CASE WHEN disposition IS NULL THEN 'recorded' ELSE 'ended' END, disposition, reason, other_id,
      CASE WHEN disposition IS NULL THEN NULL ELSE ${now}::timestamptz END, ${thread.readWholeAt}::timestamptz,
      backfill_id
    FROM unnest(
      ${of((m) => m.id)}::uuid[], ${of((m) => m.message.providerMessageId)}::text[], ${of((m) => m.twinGroupId)}::uuid[],
      ${of((m) => m.message.channel)}::text[], ${of((m) => m.message.direction)}::text[],
      ${of((m) => m.message.originAt)}::timestamptz[], ${of((m) => m.message.receivedAt)}::timestamptz[],
      ${of((m) => new Date(m.activityAt).toISOString())}::timestamptz[], ${of((m) => m.messageIdHash)}::text[],
      ${of((m) => m.contentHash)}::text[], ${of((m) => hasBody(m.message))}::boolean[], ${of((m) => m.message.clientRef)}::text[],
      ${of((m) => (m.admission.end === null ? m.admission.hold : null))}::text[], ${of((m) => m.admission.end)}::text[],
      ${of((m) => (m.admission.end === null ? null : m.admission.reason))}::text[],
      ${of((m) => (m.admission.end === 'duplicate_of' ? m.admission.other : null))}::uuid[],
      ${of((m) => m.backfillId)}::uuid[])
      AS row (id, provider_id, twin_group_id, channel, direction, origin_at, received_at, activity_at, message_id_hash,
              content_hash, has_body, client_ref, hold, disposition, reason, other_id, backfill_id)
    ORDER BY provider_id
    ON CONFLICT (source, provider_message_id) DO NOTHING
    RETURNING id`;
  const fresh = new Set(rows.map((row) => row.id));
  const inserted = messages.filter((message) => fresh.has(message.id));
  await insertBodies(
    tx,
    call,
    inserted.map((one) => ({ ...one, version: 1 })),
    now,
  );
  await insertAttachments(tx, inserted, now);
  return inserted;
}

/** A message with an attachment is never empty, even without text. */
export const hasBody = (message: Pick<TwinCandidate['message'], 'text' | 'html' | 'attachments'>): boolean =>
  message.text !== null || message.html !== null || message.attachments.length > 0;

export async function insertBodies(
  tx: Sql,
  call: Pick<OpenCall, 'id'>,
  messages: readonly (Pick<NewMessage, 'id' | 'message' | 'contentHash'> & { version: number })[],
  now: Date,
): Promise<void> {
  if (messages.length === 0) return;
  const json = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));
  await tx.$executeRaw`
    INSERT INTO message_body (message_id, version, recorded_at, call_id, content_hash, from_address, to_addresses, subject, text, html, headers, raw)
    SELECT id, version, ${now}::timestamptz, ${call.id}::uuid, content_hash, from_address, to_addresses, subject, body, html, headers, raw
    FROM unnest(
      ${messages.map((m) => m.id)}::uuid[], ${messages.map((m) => m.version)}::int[], ${messages.map((m) => m.contentHash)}::text[],
      ${messages.map((m) => json(m.message.from))}::jsonb[], ${messages.map((m) => JSON.stringify(m.message.to))}::jsonb[],
      ${messages.map((m) => m.message.subject)}::text[], ${messages.map((m) => m.message.text)}::text[],
      ${messages.map((m) => m.message.html)}::text[], ${messages.map((m) => JSON.stringify(m.message.headers))}::jsonb[],
      ${messages.map((m) => m.message.raw ?? null)}::text[])
      AS row (id, version, content_hash, from_address, to_addresses, subject, body, html, headers, raw)`;
}

/** Each is due to be fetched at once; one whose id cannot be read can never be asked for. */
export async function insertAttachments(
  tx: Sql,
  messages: readonly Pick<NewMessage, 'id' | 'message'>[],
  now: Date,
): Promise<void> {
  const all = messages.flatMap((one) =>
    one.message.attachments.map((attachment) => ({ messageId: one.id, ...attachment })),
  );
  if (all.length === 0) return;
  await tx.$executeRaw`
    INSERT INTO attachment (message_id, provider_attachment_id, name, content_type, size, state, recorded_at, next_attempt_at,
                            given_up_at, problem)
    SELECT message_id, provider_id, name, content_type, size, 'named', ${now}::timestamptz,
           CASE WHEN NOT nameless THEN ${now}::timestamptz END, CASE WHEN nameless THEN ${now}::timestamptz END,
           CASE WHEN nameless THEN 'no readable id' END
    FROM unnest(${all.map((a) => a.messageId)}::uuid[], ${all.map((a) => a.providerAttachmentId)}::text[],
                ${all.map((a) => a.name)}::text[], ${all.map((a) => a.contentType)}::text[], ${all.map((a) => a.size)}::bigint[],
                ${all.map((a) => a.providerAttachmentId.startsWith(UNREADABLE_PREFIX))}::boolean[])
      AS row (message_id, provider_id, name, content_type, size, nameless)
    ON CONFLICT (message_id, provider_attachment_id) DO NOTHING`;
}
