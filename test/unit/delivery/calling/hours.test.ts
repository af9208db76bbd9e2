import fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { nextSlot } from '../../../../src/delivery/calling/hours.js';
import { zonesFor } from '../../../../src/delivery/calling/zones.js';
import type { CallingHours } from '../../../../src/domain/calling-hours.js';

const OFFICE: CallingHours = { days: [1, 2, 3, 4, 5], from: 540, to: 1080 };
const ALL_WEEK: CallingHours = { ...OFFICE, days: [1, 2, 3, 4, 5, 6, 7] };
const at = (text: string) => new Date(text);
const slot = (hours: CallingHours, zones: string[], from: string, until: string) =>
  nextSlot(hours, zones, at(from), at(until))?.toISOString() ?? null;

describe('the next hour for a call', () => {
  it.each([
    ['now, within the hours', OFFICE, ['Europe/London'], '2026-03-02T12:00:00Z', '2026-03-02T12:00:00.000Z'],
    ['the next morning, after them', OFFICE, ['Europe/London'], '2026-03-02T18:00:00Z', '2026-03-03T09:00:00.000Z'],
    ['Monday, from a Friday evening', OFFICE, ['Europe/London'], '2026-03-06T18:00:00Z', '2026-03-09T09:00:00.000Z'],
    [
      'the evening before by UTC, in the east',
      ALL_WEEK,
      ['Pacific/Auckland'],
      '2026-03-02T12:00:00Z',
      '2026-03-02T20:00:00.000Z',
    ],
    [
      'where both coasts are open',
      ALL_WEEK,
      ['America/New_York', 'America/Los_Angeles'],
      '2026-03-02T12:00:00Z',
      '2026-03-02T17:00:00.000Z',
    ],
  ] as const)('is %s', (_what, hours, zones, from, expected) => {
    expect(slot(hours, [...zones], from, '2026-03-20T00:00:00Z')).toBe(expected);
  });

  it('follows the wall clock when it is turned forwards, and back', () => {
    // Europe/London, 29 March 2026 and 25 October 2026; America/New_York, 8 March 2026 and 1 November 2026.
    expect(slot(ALL_WEEK, ['Europe/London'], '2026-03-28T18:00:00Z', '2026-04-01T00:00:00Z')).toBe(
      '2026-03-29T08:00:00.000Z',
    );
    expect(slot(ALL_WEEK, ['Europe/London'], '2026-10-24T18:00:00Z', '2026-11-01T00:00:00Z')).toBe(
      '2026-10-25T09:00:00.000Z',
    );
    expect(slot(ALL_WEEK, ['America/New_York'], '2026-03-07T23:30:00Z', '2026-03-12T00:00:00Z')).toBe(
      '2026-03-08T13:00:00.000Z',
    );
    expect(slot(ALL_WEEK, ['America/New_York'], '2026-10-31T23:30:00Z', '2026-11-05T00:00:00Z')).toBe(
      '2026-11-01T14:00:00.000Z',
    );
  });

  it('ends an hour earlier or later by UTC once the clock was turned', () => {
    expect(slot(ALL_WEEK, ['Europe/London'], '2026-03-29T16:59:59Z', '2026-03-29T23:00:00Z')).toBe(
      '2026-03-29T16:59:59.000Z',
    );
    expect(slot(ALL_WEEK, ['Europe/London'], '2026-03-29T17:00:00Z', '2026-03-29T23:00:00Z')).toBeNull();
    expect(slot(ALL_WEEK, ['Europe/London'], '2026-10-25T17:30:00Z', '2026-10-25T23:00:00Z')).toBe(
      '2026-10-25T17:30:00.000Z',
    );
  });

  it('stands in hours that the turned clock leaves out or has twice', () => {
    const night: CallingHours = { days: [7], from: 60, to: 150 }; // 01:00 to 02:30
    expect(slot(night, ['Europe/London'], '2026-03-29T00:00:00Z', '2026-03-30T00:00:00Z')).toBe(
      '2026-03-29T01:00:00.000Z',
    );
    expect(slot(night, ['Europe/London'], '2026-10-25T00:00:00Z', '2026-10-26T00:00:00Z')).toBe(
      '2026-10-25T00:00:00.000Z',
    );
  });

  it('is none where zones share no hour, where the time ends before, and where no zone is known', () => {
    expect(
      slot(OFFICE, ['Europe/Kaliningrad', 'Asia/Kamchatka'], '2026-03-02T00:00:00Z', '2026-03-20T00:00:00Z'),
    ).toBeNull();
    expect(slot(OFFICE, ['Europe/London'], '2026-03-02T19:00:00Z', '2026-03-03T09:00:00Z')).toBeNull();
    expect(slot(OFFICE, [], '2026-03-02T12:00:00Z', '2026-03-03T12:00:00Z')).toBeNull();
  });

  const zones = [
    'Europe/London',
    'America/New_York',
    'America/Los_Angeles',
    'Asia/Kolkata',
    'Pacific/Auckland',
    'America/St_Johns',
    'Australia/Lord_Howe',
  ];
  const isOpen = (hours: CallingHours, zone: string, ms: number): boolean => {
    const local = DateTime.fromMillis(ms, { zone });
    const minute = local.hour * 60 + local.minute;
    return hours.days.includes(local.weekday) && minute >= hours.from && minute < hours.to;
  };
  const year = fc.integer({ min: Date.parse('2026-01-01T00:00:00Z'), max: Date.parse('2026-12-31T00:00:00Z') });

  it('is open in every zone, and nothing open in all of them lies before it', () => {
    fc.assert(
      fc.property(
        year,
        fc.subarray(zones, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 240, max: 840 }),
        (from, chosen, begin) => {
          const hours = { days: [1, 2, 4, 6], from: begin, to: begin + 360 };
          const until = from + 4 * 86_400_000;
          const found = nextSlot(hours, chosen, new Date(from), new Date(until))?.getTime() ?? null;
          if (found !== null) {
            expect(found).toBeGreaterThanOrEqual(from);
            expect(chosen.every((zone) => isOpen(hours, zone, found))).toBe(true);
          }
          for (let ms = from; ms < (found ?? until); ms += 17 * 60_000)
            expect(chosen.every((zone) => isOpen(hours, zone, ms))).toBe(false);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('the zones that count', () => {
  it.each([
    [
      'the one that the request names',
      { request: 'Asia/Kolkata', customer: 'Europe/Paris', region: 'GB' },
      ['Asia/Kolkata'],
    ],
    [
      "the customer's",
      { request: 'no zone', customer: 'Europe/Paris', source: 'Europe/London', region: 'GB' },
      ['Europe/Paris'],
    ],
    ['that of the source', { source: 'Europe/London', region: 'US' }, ['Europe/London']],
    ["every one of the number's region", { region: 'GB' }, ['Europe/London']],
    ['none where nothing is known', { region: 'XX' }, []],
  ])('are %s', (_what, hints, expected) => {
    expect(zonesFor(hints)).toEqual(expected);
  });

  it('of a wide country are many, and it has an hour in which all of them are open', () => {
    const wide = zonesFor({ region: 'US' });
    expect(wide).toContain('Pacific/Honolulu');
    const found = slot(ALL_WEEK, wide, '2026-07-06T00:00:00Z', '2026-07-08T00:00:00Z');
    expect(found).toBe('2026-07-06T19:00:00.000Z');
  });
});
