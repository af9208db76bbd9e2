import type { Timing } from './timing.js';

/** What can happen to a case, as written to case_event: append-only, one row a fact, no content. */
export const CASE_EVENTS = {
  opened: 'a message was given to a person',
  joined: 'another message came to it, or it went into the case of the thread that its message moved to',
  assigned: 'it has an owner, or another one',
  reminded: 'people were reminded of it',
  overdue: 'it is past its deadline, and people were told, not for the first time perhaps',
  noted: 'an internal note was written into the thread at the provider',
  resolved: 'it needs nobody any more',
  reopened: 'it needs somebody after all',
} as const;
export type CaseEventKind = keyof typeof CASE_EVENTS;

/** How a case came to its end. */
export const CASE_RESOLUTIONS = {
  by_person: 'a person said so',
  replied: 'the reply of a person was seen in its thread',
  joined: 'its thread was merged into one that had a case already',
  carried_again: 'what made it a case is over, and its message is carried again',
} as const;
export type CaseResolution = keyof typeof CASE_RESOLUTIONS;

/** Who acted, where it was none of us and no operator. */
export const BY_WAYBILL = 'waybill';
export const BY_REPLY = 'reply in the thread';

export interface CaseClock {
  /** Milliseconds since 1970. */
  dueAt: number;
  nextAt: number;
  reminders: number;
  overdue: number;
}

/** The deadline and first reminder of a case that was opened then. */
export const firstCaseClock = (openedAt: number, timing: Timing): CaseClock => {
  const dueAt = openedAt + timing.caseDueMs;
  return { dueAt, nextAt: Math.min(dueAt, openedAt + timing.caseReminderMs), reminders: 0, overdue: 0 };
};

const gap = (times: number, timing: Timing): number =>
  Math.min(timing.caseReminderMaxMs, timing.caseReminderMs * 2 ** Math.min(times, 20));

/**
 * What is due of an open case now, and its clock after that: reminders at growing gaps up to the deadline, from then on people
 * are told again and again, at gaps that grow in the same way.
 */
export function tickCase(
  clock: CaseClock,
  now: number,
  timing: Timing,
): { due: 'reminded' | 'overdue' | null; clock: CaseClock } {
  if (now < clock.nextAt) return { due: null, clock };
  if (now >= clock.dueAt) {
    const overdue = clock.overdue + 1;
    return { due: 'overdue', clock: { ...clock, overdue, nextAt: now + gap(overdue - 1, timing) } };
  }
  const reminders = clock.reminders + 1;
  return {
    due: 'reminded',
    clock: { ...clock, reminders, nextAt: Math.min(clock.dueAt, now + gap(reminders, timing)) },
  };
}
