import type { Direction } from './message.js';
import type { EscalateReason, SupersedeReason } from './reasons.js';
import type { MessageState, WaitingKind } from './states.js';
import type { Timing } from './timing.js';
import { clamp } from './visit-schedule.js';

/** A message as far as its place in the conversation goes; instants in milliseconds since 1970. */
export interface ConversationMessage {
  id: string;
  direction: Direction;
  originAt: number | null;
  firstSeenAt: number;
  activityAt: number;
  /** Whether first seen is close to its arrival: it came on a re-visit, or its receipt is verified. */
  arrivalKnown: boolean;
  /** The reading of the thread in which it was first seen. */
  readingId: string;
  state: MessageState;
  waitingKind: WaitingKind | null;
  /** Whether it is a reply of Waybill. */
  isOurs: boolean;
  /** Whether it ended with an answer of Waybill, which the thread need not show yet. */
  isAnswered?: boolean;
}

export interface Conversation {
  threadCreatedAt: number;
  messages: readonly ConversationMessage[];
}

export type Standing =
  | { to: 'act' }
  | { to: 'supersede'; other: string; reason: SupersedeReason }
  | { to: 'escalate'; reason: EscalateReason }
  /** More may follow: look again at `until`. */
  | { to: 'settle'; until: number }
  /** A newer message of the thread is answered first, and this one with it. */
  | { to: 'await'; newer: string };

/** Place in the conversation: the claimed stamp, as far as it can be true. */
export const orderAt = (
  message: Pick<ConversationMessage, 'originAt' | 'firstSeenAt'>,
  threadCreatedAt: number,
): number => clamp(message.originAt ?? message.firstSeenAt, threadCreatedAt, message.firstSeenAt);

/** When it arrived, as well as we can know: a stamp that cannot be true says nothing, and an enumerated message may be old. */
export function arrivalEstimate(message: ConversationMessage, threadCreatedAt: number, timing: Timing): number {
  if (message.arrivalKnown) return message.activityAt;
  const plausible = message.originAt !== null && message.originAt <= message.firstSeenAt + timing.originToleranceMs;
  return plausible ? message.activityAt : threadCreatedAt;
}

const isOpen = (message: ConversationMessage): boolean =>
  message.direction === 'inbound' &&
  (message.state === 'recorded' || message.state === 'carried' || message.state === 'waiting');

/** Being carried another way than by a reply: no reply to another message ends that, and none waits for it. */
const isElsewhere = ({ waitingKind }: ConversationMessage): boolean =>
  waitingKind === 'callback' || waitingKind === 'business_hours' || waitingKind === 'outcome';

/**
 * Inbound messages that an answer to `message` answers as well: open, earlier, and with something to answer in them. Whose own reply
 * may have left is looked for to its end.
 */
export function answeredAlong(
  message: ConversationMessage,
  { messages, threadCreatedAt }: Conversation,
): ConversationMessage[] {
  const at = orderAt(message, threadCreatedAt);
  return messages.filter(
    (other) =>
      other.id !== message.id &&
      isOpen(other) &&
      other.waitingKind !== 'body' &&
      other.waitingKind !== 'confirmation' &&
      !isElsewhere(other) &&
      orderAt(other, threadCreatedAt) <= at,
  );
}

/**
 * Whether it is this message's time to be answered. An outbound message of the same reading that follows it supersedes it; one
 * that we held before we saw it means that it was overlooked, and a person has to judge. Of several open messages the newest is
 * answered, once the thread has been quiet for the settle time. Source: DESIGN "Sending once".
 */
export function standingOf(
  message: ConversationMessage,
  conversation: Conversation,
  now: number,
  timing: Timing,
): Standing {
  const { messages, threadCreatedAt } = conversation;
  const at = orderAt(message, threadCreatedAt);
  const later = messages.filter((other) => other.direction === 'outbound' && orderAt(other, threadCreatedAt) >= at);
  const heldBefore = later.some(
    (other) => other.readingId !== message.readingId && other.firstSeenAt <= message.firstSeenAt,
  );
  if (heldBefore) return { to: 'escalate', reason: 'seen_after_reply' };
  const byPerson = later.find((other) => !other.isOurs);
  if (byPerson) return { to: 'supersede', other: byPerson.id, reason: 'person_replied' };
  const newer = messages.find(
    (other) =>
      isOpen(other) &&
      other.waitingKind !== 'body' &&
      !isElsewhere(other) &&
      (orderAt(other, threadCreatedAt) > at || (orderAt(other, threadCreatedAt) === at && other.id > message.id)),
  );
  if (newer) return { to: 'await', newer: newer.id };
  const quietSince = Math.max(...messages.map((other) => arrivalEstimate(other, threadCreatedAt, timing)));
  if (now < quietSince + timing.settleMs) return { to: 'settle', until: quietSince + timing.settleMs };
  return { to: 'act' };
}
