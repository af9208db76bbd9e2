import type { Address, AttachmentStub, IncomingMessage, IncomingThread, Item } from '../../domain/message.js';
import { noteDeviations } from './deviations.js';
import { readInstant } from './instants.js';
import type { Notes } from './notes.js';
import { toKept, toRaw } from './raw.js';
import { KNOWN, MessageRow, ProviderId, ThreadRow } from './schema.js';

/** A Message-ID longer than a line of RFC 5322 is none. */
const LONGEST_MESSAGE_ID = 998;
const LONGEST_ADDRESS = 320;
/** A client_ref is somebody's key: ours has forty characters, and an index of Postgres holds about 2,700 bytes a row. */
const LONGEST_CLIENT_REF = 512;

/** Reads one row of a list of threads, or keeps it as it came. */
export function toThread(row: unknown, notes: Notes): Item<IncomingThread> {
  const parsed = ThreadRow.safeParse(row);
  if (!parsed.success) return unreadable(row, parsed.error.issues);
  const { id, subject, inbox, created_at: created, status } = parsed.data;
  const { at, zoneless } = readInstant(created);
  if (at === null) return unreadable(row, [{ path: ['created_at'], message: 'is no instant' }]);
  if (zoneless) notes.add('zoneless:created_at');
  notes.addUnknown('', row as object, KNOWN.thread);
  noteDeviations(row as Record<string, unknown>, 'thread', notes);
  const safe = (field: string, text: string | null | undefined) => (text == null ? null : notes.storable(field, text));
  return {
    ok: true,
    value: {
      providerThreadId: id,
      subject: safe('subject', subject),
      inbox: safe('inbox', inbox) ?? '',
      createdAt: at,
      status: safe('status', status) ?? 'unknown',
    },
  };
}

/** Reads one row of a list of messages, or keeps it as it came. */
export function toMessage(row: unknown, notes: Notes): Item<IncomingMessage> {
  const parsed = MessageRow.safeParse(row);
  if (!parsed.success) return unreadable(row, parsed.error.issues);
  const found = parsed.data;
  notes.addUnknown('', row as object, KNOWN.message);
  noteDeviations(row as Record<string, unknown>, 'message', notes);
  const safe = (field: string, text: string | null | undefined) => (text == null ? null : notes.storable(field, text));
  const origin = readInstant(found.received_at);
  if (origin.zoneless) notes.add('zoneless:received_at');
  const headers = toHeaders(found.headers ?? {}, notes);
  const [text, html] = [safe('text', found.text), safe('html', found.html)];
  return {
    ok: true,
    value: {
      providerMessageId: found.id,
      providerThreadId: found.thread_id,
      channel: 'email',
      direction: found.direction,
      originAt: origin.at,
      receivedAt: null, // the contract's claim that received_at is the receipt was refuted: it is the origin's Date header
      from: found.from == null ? null : toAddress('from', found.from, notes),
      to: toList(found.to).map((party) => toAddress('to', party, notes)),
      subject: safe('subject', found.subject),
      text,
      html,
      headers,
      messageIdHeader: toMessageId(headers),
      clientRef: toClientRef(safe('client_ref', found.client_ref), notes),
      attachments: (found.attachments ?? []).map((attachment, index) => toAttachment(attachment, index, notes)),
      raw: toKept(row as object, { text, html }),
    },
  };
}

/** One that is too long to be looked up is nobody's: it must not cost the page that it stands on. */
function toClientRef(found: string | null, notes: Notes): string | null {
  if (found === null || found.length <= LONGEST_CLIENT_REF) return found;
  notes.add('unstorable:client_ref');
  return null;
}

function toMessageId(headers: Record<string, string>): string | null {
  const id = Object.hasOwn(headers, 'message-id') ? (headers['message-id'] ?? '').trim() : '';
  return id === '' || id.length > LONGEST_MESSAGE_ID ? null : id;
}

/** Names in lower case; where two names differ only in case, or a value is a list, the values stand line by line. */
function toHeaders(found: Record<string, unknown>, notes: Notes): Record<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(found)) {
    const values = (Array.isArray(value) ? value : [value]).filter((part) =>
      ['string', 'number', 'boolean'].includes(typeof part),
    );
    if (values.length === 0) {
      if (value !== null) notes.add('unstorable:headers');
      continue;
    }
    const key = notes.storable('headers', name.trim().toLowerCase());
    const text = notes.storable('headers', values.map(String).join('\n'));
    const before = headers.get(key);
    headers.set(key, before === undefined ? text : `${before}\n${text}`);
  }
  return Object.fromEntries(headers);
}

function toAddress(field: 'from' | 'to', party: unknown, notes: Notes): Address {
  if (typeof party !== 'object' || party === null || Array.isArray(party)) {
    return { kind: 'unreadable', value: notes.storable(field, asText(party)), name: null };
  }
  notes.addUnknown(`${field}.`, party, KNOWN.address);
  const { email, name } = party as { email?: unknown; name?: unknown };
  const value = notes.storable(field, typeof email === 'string' ? email : asText(email));
  const known = typeof name === 'string' ? notes.storable(field, name) : null;
  const trimmed = value.trim();
  const valid =
    typeof email === 'string' &&
    trimmed.length <= LONGEST_ADDRESS &&
    /^[^\s@\p{Cc}\uFFFD<>]+@[^\s@\p{Cc}\uFFFD<>]+$/u.test(trimmed);
  return valid ? { kind: 'email', value: trimmed, name: known } : { kind: 'unreadable', value, name: known };
}

/** An attachment whose id cannot be read keeps its place in the list, under a name of ours. */
function toAttachment(found: Record<string, unknown>, index: number, notes: Notes): AttachmentStub {
  notes.addUnknown('attachments.', found, KNOWN.attachment);
  noteDeviations(found, 'attachment', notes);
  const id = ProviderId.safeParse(found.id);
  if (!id.success) notes.add('unstorable:attachments.id');
  const text = (value: unknown) => (typeof value === 'string' ? notes.storable('attachments', value) : null);
  return {
    providerAttachmentId: id.success ? id.data : `unreadable:${index}`,
    name: text(found.name),
    contentType: text(found.content_type),
    size: typeof found.size === 'number' && Number.isSafeInteger(found.size) && found.size >= 0 ? found.size : null,
  };
}

function unreadable<T>(row: unknown, issues: readonly { path: PropertyKey[]; message: string }[]): Item<T> {
  const id = typeof row === 'object' && row !== null && 'id' in row ? ProviderId.safeParse(row.id) : null;
  // Paths and messages of the schema name fields, never their values, so that the problem may be shown anywhere.
  const problem = issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.map(String).join('.') || 'row'}: ${message}`)
    .join('; ');
  return { ok: false, providerId: id?.success ? id.data : null, raw: toRaw(row), problem };
}

const toList = (value: unknown): unknown[] => (value == null ? [] : Array.isArray(value) ? value : [value]);

const asText = (value: unknown): string => (value === undefined || value === null ? '' : toRaw(value).slice(0, 1000));
