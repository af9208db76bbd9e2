import type { Direction } from './message.js';

/** What tells one message from another: of the one that we hold, and of what a page now shows under its id. */
export interface Facets {
  threadId: string;
  direction: Direction;
  /** Null where the message has no Message-ID header. */
  messageIdHash: string | null;
  contentHash: string;
  /** The sender's address in lower case; null where none can be read. */
  sender: string | null;
  /** Claimed stamp in milliseconds since 1970; null where it cannot be read. */
  originAt: number | null;
}

export type SeenAs = 'same' | 'moved' | 'edited' | 'moved_edited' | 'collided';

/**
 * What a page shows under an id that we hold. That ids are unique is a claim of the provider, so an edit has to prove that it is
 * one: another content under another identity is a second message that got the id of the first. Source: DESIGN law 4.
 */
export function compareSeen(held: Facets, seen: Facets): SeenAs {
  const edited = held.contentHash !== seen.contentHash;
  const moved = held.threadId !== seen.threadId;
  if (held.direction !== seen.direction || (edited && isAnother(held, seen))) return 'collided';
  if (moved) return edited ? 'moved_edited' : 'moved';
  return edited ? 'edited' : 'same';
}

/**
 * The Message-ID belongs to the mail and no edit changes it (RFC 5322, 3.6.4), so where both sides have one it decides alone.
 * Without it, one trait may change with an edit, a merge or a corrected stamp; two at once are another message.
 */
function isAnother(held: Facets, seen: Facets): boolean {
  if (held.messageIdHash !== null && seen.messageIdHash !== null) return held.messageIdHash !== seen.messageIdHash;
  const differ = <T>(a: T | null, b: T | null) => a !== null && b !== null && a !== b;
  const changed = [
    differ(held.threadId, seen.threadId),
    differ(held.sender, seen.sender),
    differ(held.originAt, seen.originAt),
  ];
  return changed.filter(Boolean).length >= 2;
}
