import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readInstant } from '../../../src/sources/dashboard/instants.js';

describe('readInstant', () => {
  test.each([
    ['2026-03-01T10:00:00Z', '2026-03-01T10:00:00.000Z'],
    ['2026-03-01T10:00:00.123456Z', '2026-03-01T10:00:00.123Z'],
    ['2026-03-01t10:00:00+05:30', '2026-03-01T04:30:00.000Z'],
    ['2026-03-01 00:30:00-0800', '2026-03-01T08:30:00.000Z'],
    ['2026-03-01T10:00Z', '2026-03-01T10:00:00.000Z'],
    ['2026-12-31T23:59:60Z', '2026-12-31T23:59:59.000Z'],
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z'],
    ['2099-12-31T23:59:59Z', '2099-12-31T23:59:59.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['0050-06-01T00:00:00Z', '0050-06-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59.000Z'],
    ['Sun, 1 Mar 2026 11:00:00 +0100', '2026-03-01T10:00:00.000Z'],
    ['1 Mar 2026 10:00 GMT', '2026-03-01T10:00:00.000Z'],
    ['Sun, 01 Mar 2026 02:00:00 -0800 (PST)', '2026-03-01T10:00:00.000Z'],
  ])('%s is %s', (text, at) => {
    expect(readInstant(text)).toEqual({ at, zoneless: false });
  });

  test('a stamp without a zone is read as UTC and says so', () => {
    expect(readInstant('2026-03-01T10:00:00')).toEqual({ at: '2026-03-01T10:00:00.000Z', zoneless: true });
  });

  test.each([
    '',
    'yesterday',
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-03-01T24:00:00Z',
    '2026-03-01T10:60:00Z',
    '2026-03-01T10:00:00+24:00',
    '2026-03-01',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
    '+275760-09-13T00:00:00Z',
    '1e21',
    '32 Mar 2026 10:00:00 +0000',
    '1 Foo 2026 10:00:00 +0000',
    1772359200000,
    null,
    undefined,
    {},
  ])('%j is no instant', (text) => {
    expect(readInstant(text).at).toBeNull();
  });

  test('every instant of the years 1 to 9999 survives being written and read', () => {
    const dates = fc.date({
      min: new Date('0001-01-01T00:00:00.000Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(dates, (date) => {
        expect(readInstant(date.toISOString()).at).toBe(date.toISOString());
      }),
    );
  });

  test('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(readInstant(text)).toBeDefined();
      }),
    );
  });
});
