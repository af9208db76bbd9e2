import type { IncomingMessage, IncomingThread, Item } from '../../src/domain/message.js';
import type { Page } from '../../src/sources/source.js';
import { DAY, HOUR, iso } from './clock.js';

/** A thread created a day ago. */
export const incomingThread = (id: string, more: Partial<IncomingThread> = {}): IncomingThread => ({
  providerThreadId: id,
  subject: `Subject of ${id}`,
  inbox: 'help',
  createdAt: iso(-DAY),
  status: 'open',
  ...more,
});

/** A message of a customer, written an hour ago, with a Message-ID of its own. */
export const incomingMessage = (id: string, more: Partial<IncomingMessage> = {}): IncomingMessage => ({
  providerMessageId: id,
  providerThreadId: 't1',
  channel: 'email',
  direction: 'inbound',
  originAt: iso(-HOUR),
  receivedAt: null,
  from: { kind: 'email', value: 'customer@example.com', name: 'A customer' },
  to: [{ kind: 'email', value: 'help@example.org', name: null }],
  subject: 'Parcel',
  text: `Where is my parcel? (${id})`,
  html: null,
  headers: {},
  messageIdHeader: `<${id}@example.com>`,
  clientRef: null,
  attachments: [],
  ...more,
});

export const outgoingMessage = (id: string, more: Partial<IncomingMessage> = {}): IncomingMessage =>
  incomingMessage(id, {
    direction: 'outbound',
    from: { kind: 'email', value: 'help@example.org', name: null },
    to: [{ kind: 'email', value: 'customer@example.com', name: null }],
    text: `Answer ${id}`,
    ...more,
  });

export type Row<T> = T | Extract<Item<T>, { ok: false }>;

/** A row that does not fit the contract, as the adapter hands it on. */
export const unreadableRow = (raw: string, providerId: string | null = null): Extract<Item<never>, { ok: false }> => ({
  ok: false,
  providerId,
  raw,
  problem: 'direction: neither inbound nor outbound',
});

/** One good answer of a provider. */
export const page = <T extends object>(rows: readonly Row<T>[], nextCursor: string | null = null): Page<T> => ({
  status: 200,
  items: rows.map((row): Item<T> => ('ok' in row ? row : { ok: true, value: row })),
  nextCursor,
  unknownFields: {},
});
