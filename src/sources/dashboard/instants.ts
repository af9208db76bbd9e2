const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?([Zz]|[+-]\d\d:?\d\d)?$/;
const RFC5322 =
  /^(?:[A-Z][a-z]{2},\s*)?(\d{1,2})\s+([A-Z][a-z]{2})\s+(\d{4})\s+(\d\d):(\d\d)(?::(\d\d))?\s+([+-]\d{4}|GMT|UTC?|Z)(?:\s*\([^()]{0,40}\))?$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export interface ReadInstant {
  /** ISO instant, UTC; null where the text is no instant of the years 0001 to 9999. */
  at: string | null;
  /** The text named no zone and was read as UTC. */
  zoneless: boolean;
}

/**
 * Reads an instant as the contract gives it (RFC 3339) or as a Date header does (RFC 5322), since a provider may pass the
 * header on. The calendar is checked: JavaScript would turn 30 February into 2 March. A stamp of 1970 or 2099 is an instant
 * like any other; what it is worth is decided elsewhere.
 */
export function readInstant(text: unknown): ReadInstant {
  if (typeof text !== 'string' || text.length > 80) return { at: null, zoneless: false };
  const parts = readParts(text.trim());
  if (parts === null) return { at: null, zoneless: false };
  const [year, month, day, hour, minute, second, millisecond, zone] = parts;
  const offset = offsetMinutes(zone);
  if (offset === null || hour > 23 || minute > 59 || second > 60) return { at: null, zoneless: false };
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day); // not Date.UTC, which reads the years 0 to 99 as 1900 to 1999
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return { at: null, zoneless: false };
  date.setUTCHours(hour, minute - offset, Math.min(second, 59), millisecond); // a leap second is the second before it
  const inRange = date.getUTCFullYear() >= 1 && date.getUTCFullYear() <= 9999;
  return { at: inRange ? date.toISOString() : null, zoneless: inRange && zone === undefined };
}

type Parts = [number, number, number, number, number, number, number, string | undefined];

function readParts(text: string): Parts | null {
  const iso = RFC3339.exec(text);
  if (iso) {
    const [, year, month, day, hour, minute, second, fraction, zone] = iso;
    const millisecond = Number((fraction ?? '').padEnd(3, '0').slice(0, 3));
    return [
      Number(year),
      Number(month),
      Number(day),
      Number(hour),
      Number(minute),
      Number(second ?? 0),
      millisecond,
      zone,
    ];
  }
  const header = RFC5322.exec(text);
  if (!header) return null;
  const [, day, month, year, hour, minute, second, zone] = header;
  return [
    Number(year),
    MONTHS.indexOf(month ?? '') + 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second ?? 0),
    0,
    zone,
  ];
}

/** Minutes east of UTC; null where there is no such zone. */
function offsetMinutes(zone: string | undefined): number | null {
  if (zone === undefined || !/^[+-]/.test(zone)) return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))];
  if (hours > 23 || minutes > 59) return null;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}
