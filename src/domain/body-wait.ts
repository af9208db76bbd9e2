import { arrivalEstimate, type ConversationMessage } from './conversation.js';
import type { Timing } from './timing.js';

/**
 * When to look for a late body next, in milliseconds since 1970; null once its time has passed. A message that arrived long ago
 * has had that time already.
 */
export function bodyWait(
  message: ConversationMessage,
  threadCreatedAt: number,
  waitsSoFar: number,
  now: number,
  timing: Timing,
): number | null {
  const waits = [timing.bodyWait1Ms, timing.bodyWait2Ms, timing.bodyWait3Ms];
  const longest = waits.reduce((sum, wait) => sum + wait, 0);
  const wait = waits[waitsSoFar];
  if (wait === undefined || now > arrivalEstimate(message, threadCreatedAt, timing) + longest) return null;
  return now + wait;
}
