import type { OddityName } from './oddities.js';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export interface SimAddress {
  name: string | null;
  email: string;
}

export interface SimAttachment {
  id: string;
  name: string;
  contentType: string;
  size: number;
}

/** What an oddity makes of a message while it is on; drawn with the message, so that switching it changes nothing else. */
export interface MessageQuirks {
  /** origin-stamp: a wrong clock or zone. */
  stamp?: string;
  emptyBody?: boolean;
  nullSubject?: boolean;
  /** unreadable-sender: what stands where the address belongs. */
  sender?: string;
  /** late-body: ms after it could first be fetched. */
  bodyDelayMs?: number;
  /** vanishing-message: instant from which it is gone. */
  goneAt?: number;
}

export interface SimMessage {
  id: string;
  /** The thread it was written on; a merge can show it under another. */
  threadId: string;
  direction: 'inbound' | 'outbound';
  origin: 'past' | 'traffic' | 'control' | 'person' | 'reply';
  from: SimAddress;
  to: SimAddress[];
  subject: string | null;
  text: string | null;
  html: string | null;
  headers: Record<string, string>;
  /** Instant, ms, from which it exists: sent, though perhaps nobody can fetch it yet. */
  sentAt: number;
  /** Instant, ms, from which its thread can show it; also the receipt. */
  fetchableAt: number;
  /** The origin's own stamp, as it would be passed on. */
  stamp: string;
  clientRef: string | null;
  attachments: SimAttachment[];
  quirks: MessageQuirks;
  /** Deleted by a control route, whatever the oddities say. */
  deletedAt?: number;
  /** Body held back by a control route until this instant. */
  bodyHeldUntil?: number;
}

export interface SimThread {
  id: string;
  subject: string | null;
  inbox: string;
  customer: SimAddress;
  createdAt: number;
  status: string;
  messages: SimMessage[];
  /** late-listing: ms after its creation. */
  lateListingMs: number;
  /** shuffled-listing: ms by which its place in the list is off. */
  shuffleMs: number;
  /** narrow-window-hides. */
  hiddenFromNarrow: boolean;
  nullSubject: boolean;
  /** Set by a control route: listed from this instant, whatever the oddities say. */
  listedAt?: number;
  hiddenByControl?: boolean;
  /** Where its messages went. `byControl` holds whatever the oddities say. */
  merge?: { survivor: string; at: number; byControl: boolean };
  /** Threads that were or will be merged into this one. */
  lost: SimThread[];
  deletedAt?: number;
}

export type IsOn = (name: OddityName, at: number) => boolean;

export const INBOXES = ['support@example.com', 'orders@example.com', 'billing@example.com'] as const;
