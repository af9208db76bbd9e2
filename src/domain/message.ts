/** A message as every source gives it to the ledger. Nothing here assumes e-mail: e-mail's own fields live in `headers`. */

export const CHANNELS = {
  email: 'an e-mail, through a dashboard or a mailbox',
  form: 'a submission of a web form',
  phone: 'a request for a call, or a call',
  chat: 'a message of a chat channel',
} as const;
export type Channel = keyof typeof CHANNELS;

export const ADDRESS_KINDS = {
  email: 'an address of RFC 5322',
  phone: 'a telephone number',
  handle: 'a name inside the channel',
  unreadable: 'what the source gave where an address belongs, kept as it came',
} as const;
export type AddressKind = keyof typeof ADDRESS_KINDS;

export interface Address {
  kind: AddressKind;
  value: string;
  name: string | null;
}

export const DIRECTIONS = {
  inbound: 'from a customer to us',
  outbound: 'from us, a person or Waybill, to a customer',
} as const;
export type Direction = keyof typeof DIRECTIONS;

export interface AttachmentStub {
  providerAttachmentId: string;
  name: string | null;
  contentType: string | null;
  /** Bytes, as announced by the provider. */
  size: number | null;
}

export interface IncomingMessage {
  providerMessageId: string;
  providerThreadId: string;
  channel: Channel;
  direction: Direction;
  /** ISO instant, UTC, that sender or provider claims; null where it cannot be read. Never identity, never progress. */
  originAt: string | null;
  /** ISO instant, UTC, of receipt at the provider, only where the source's claim about it is verified. */
  receivedAt: string | null;
  from: Address | null;
  to: Address[];
  subject: string | null;
  text: string | null;
  html: string | null;
  /** Header names in lower case. */
  headers: Record<string, string>;
  /** The Message-ID header, trimmed; null where there is none. */
  messageIdHeader: string | null;
  clientRef: string | null;
  attachments: AttachmentStub[];
  /**
   * The source's own row, so that a newer adapter can read it again: what text and html hold word for word is left out of it.
   * Absent or null where there is none. Only the adapter knows its form.
   */
  raw?: string | null;
}

export interface IncomingThread {
  providerThreadId: string;
  subject: string | null;
  inbox: string;
  /** ISO instant, UTC. */
  createdAt: string;
  status: string;
}

/** One row of a provider's answer: read, or kept as it came so that it can be parked. */
export type Item<T> =
  /** With what the contract does not name, where the row was the whole answer; of a page that stands with the page. */
  | { ok: true; value: T; unknownFields?: Record<string, number> }
  | { ok: false; providerId: string | null; raw: string; problem: string };
