import { DateTime, IANAZone } from 'luxon';
import type { CallingHours } from '../../domain/calling-hours.js';

const DAY_MS = 86_400_000;

interface Stretch {
  from: number;
  to: number;
}

/** Whether a name is a time zone that this system knows, as Europe/London. */
export const isZone = (name: string): boolean => IANAZone.isValidZone(name);

/**
 * The earliest instant in [from, until) at which calls are allowed in every one of the zones; null where there is none. Hours are
 * those of the wall clock: on a day on which the clock is turned they are as long or short as that day makes them.
 */
export function nextSlot(hours: CallingHours, zones: readonly string[], from: Date, until: Date): Date | null {
  if (zones.length === 0) return null;
  const wanted = { from: from.getTime(), to: until.getTime() };
  let open: Stretch[] = [wanted];
  for (const zone of new Set(zones)) open = both(open, openIn(hours, zone, wanted));
  const first = open[0];
  return first ? new Date(first.from) : null;
}

/** The stretches within [from, to) at which calls are allowed in one zone, in order. */
function openIn({ days, from, to }: CallingHours, zone: string, wanted: Stretch): Stretch[] {
  const found: Stretch[] = [];
  // A day earlier and later than the interval: local days do not begin at its ends.
  let day = DateTime.fromMillis(wanted.from - DAY_MS, { zone }).startOf('day');
  while (day.isValid && day.toMillis() < wanted.to + DAY_MS) {
    if (days.includes(day.weekday)) {
      const stretch = { from: wallClock(day, from).toMillis(), to: wallClock(day, to).toMillis() };
      found.push(...both([stretch], [wanted]));
    }
    day = day.plus({ days: 1 }).startOf('day');
  }
  return found;
}

/** An instant of a local day, by minutes on the wall clock; 1440 is the beginning of the next day. */
const wallClock = (day: DateTime, minutes: number): DateTime =>
  minutes >= 1_440
    ? day.plus({ days: 1 }).startOf('day')
    : day.set({ hour: Math.floor(minutes / 60), minute: minutes % 60 });

function both(some: readonly Stretch[], others: readonly Stretch[]): Stretch[] {
  const shared: Stretch[] = [];
  for (const one of some) {
    for (const other of others) {
      const stretch = { from: Math.max(one.from, other.from), to: Math.min(one.to, other.to) };
      if (stretch.from < stretch.to) shared.push(stretch);
    }
  }
  return shared.sort((a, b) => a.from - b.from);
}
