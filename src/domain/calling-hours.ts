/** Hours of the wall clock, the same on each of some days of the week. */
export interface CallingHours {
  /** 1 is Monday, 7 is Sunday. */
  days: readonly number[];
  /** Minutes after midnight; `to` is not included, and is 1440 at the end of the day. */
  from: number;
  to: number;
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const HOURS = /^(mon|tue|wed|thu|fri|sat|sun)-(mon|tue|wed|thu|fri|sat|sun) (\d\d):(\d\d)-(\d\d):(\d\d)$/;

/** Reads hours as they are written in the configuration, as `mon-fri 09:00-18:00`; null where they cannot be read or are empty. */
export function parseHours(text: string): CallingHours | null {
  const [, first, last, ...clock] = HOURS.exec(text) ?? [];
  const [fromHour = 99, fromMinute = 99, toHour = 99, toMinute = 99] = clock.map(Number);
  const from = fromHour * 60 + fromMinute;
  const to = toHour * 60 + toMinute;
  if (!first || !last || fromMinute > 59 || toMinute > 59 || to > 1_440 || from >= to) return null;
  const begin = DAYS.indexOf(first as (typeof DAYS)[number]);
  const length = ((DAYS.indexOf(last as (typeof DAYS)[number]) - begin + 7) % 7) + 1;
  const days = Array.from({ length }, (_, index) => ((begin + index) % 7) + 1);
  return { days: days.sort((a, b) => a - b), from, to };
}
