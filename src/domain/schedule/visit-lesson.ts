import type { Direction } from '../message.js';
import type { FirstSeenBy } from '../states.js';
import { type Exposure, exposuresOf } from './hazards.js';
import { FIRST_CLASS, type VisitClass, visitClassOf } from './visit-class.js';

/** A message of a thread as far as its visits go; instants in milliseconds since 1970. */
export interface VisitedMessage {
  direction: Direction;
  reason: string | null;
  activityAt: number;
  firstSeenAt: number;
  firstSeenBy: FirstSeenBy;
  /** Whether it is a reply of ours, which no visit had to find. */
  isOurs: boolean;
}

export interface Visit {
  status: string;
  /** The newest messages of the thread after this visit, newest first. */
  messages: readonly VisitedMessage[];
  /** Class at the visit before; null before any. */
  classBefore: VisitClass | null;
  /** When the reading before this one began; null where none had been whole. */
  previousAt: number | null;
  /** When this reading began. */
  begunAt: number;
}

export interface Lesson {
  /** Class from now on. */
  visitClass: VisitClass;
  /** What the visit teaches about the class that the thread had; empty where it teaches nothing. */
  exposures: Exposure[];
  learntOf: VisitClass;
  /** 1 where a hint told of what it found, so that no visit had to look for it. */
  hinted: 0 | 1;
}

/** Seen first by these, a message arrived at an instant that nobody knows. */
const UNKNOWN_ARRIVAL: ReadonlySet<FirstSeenBy> = new Set(['backfill', 'audit']);

/**
 * What a whole reading of a thread teaches: how long the silence was watched, in which bins, and whether it had been ended. The first
 * reading teaches nothing, and neither does one after a backfill or an audit brought something in: when that arrived is not known.
 */
export function lessonOf({ status, messages, classBefore, previousAt, begunAt }: Visit): Lesson {
  const learntOf = classBefore ?? FIRST_CLASS;
  const nothing: Lesson = { visitClass: visitClassOf(status, messages), exposures: [], learntOf, hinted: 0 };
  const fresh = messages.filter((message) => message.firstSeenAt >= begunAt);
  const earlier = messages.filter((message) => message.firstSeenAt < begunAt);
  if (previousAt === null || earlier.length === 0) return nothing;
  if (messages.some((message) => UNKNOWN_ARRIVAL.has(message.firstSeenBy) && message.firstSeenAt >= previousAt))
    return nothing;
  const lastActivityAt = Math.max(...earlier.map((message) => message.activityAt));
  const news = fresh.filter((message) => !message.isOurs);
  const found = news.some((message) => message.firstSeenBy === 'poll');
  const hinted = !found && news.length > 0 ? 1 : 0;
  const from = Math.max(previousAt, lastActivityAt) - lastActivityAt;
  // A silence that a hint ended was watched, and nothing in it was left for a visit to find.
  return { ...nothing, exposures: exposuresOf(from, begunAt - lastActivityAt, found), hinted };
}
