import { DateTime } from 'luxon';
import { type Calendar, DAYS } from './format.js';

/** Whether a calendar is open at an instant, by the clock of its zone: a span begins with its first minute and ends before its last. */
export function isOpen({ zone, open, closed_on: closedOn }: Calendar, at: Date): boolean {
  const there = DateTime.fromJSDate(at, { zone });
  if (!there.isValid) return false;
  const day = there.toISODate();
  if (closedOn.includes(day)) return false;
  const minute = there.toFormat('HH:mm');
  const weekday = DAYS[there.weekday - 1];
  const spans = weekday === undefined ? [] : (open[weekday] ?? []);
  return spans.some((span) => span.slice(0, 5) <= minute && minute < span.slice(6));
}
