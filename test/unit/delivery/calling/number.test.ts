import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findNumber, normaliseNumber } from '../../../../src/delivery/calling/number.js';

const find = (text: string, region: string | null = 'GB', given: string | null = null) =>
  findNumber({ given, text, region, own: ['+442079460000'] });
const good = (number: string, region: string) => ({ ok: true, number, region });

describe('the number of a request for a call', () => {
  it.each([
    ['with its country code', 'Please call +1 202-555-0123.', null, good('+12025550123', 'US')],
    ['of the configured region', 'call me on 020 7946 0958 after two', 'GB', good('+442079460958', 'GB')],
    ['in brackets', 'Tel. (202) 555-0123', 'US', good('+12025550123', 'US')],
    ['with an exit code in front', '0044 20 7946 0958', 'GB', good('+442079460958', 'GB')],
    ['named twice', '020 7946 0958, that is +44 20 7946 0958', 'GB', good('+442079460958', 'GB')],
    ['beside our own', 'You called from 020 7946 0000, call 020 7946 0958', 'GB', good('+442079460958', 'GB')],
  ])('is found %s', (_what, text, region, verdict) => {
    expect(find(text, region)).toEqual(verdict);
  });

  it.each([
    ['no number', 'please call me back'],
    ['an order number', 'please call me about order 1234567890'],
    ['two numbers', '020 7946 0958 or 020 7946 0123'],
    ['our own alone', 'you called from 020 7946 0000'],
    ['a number that costs', 'call +44 909 879 0000'],
    ['a free-phone number', 'call +1 800 555 0199'],
    ['a number of no country', 'call +800 1234 5678'],
  ])('is unusable: %s', (_what, text) => {
    expect(find(text)).toMatchObject({ ok: false, reason: 'phone_unusable' });
  });

  it('is of an unknown region where it has no country code and none is configured', () => {
    expect(find('call 020 7946 0958', null)).toMatchObject({ ok: false, reason: 'region_unknown' });
    expect(find('', null, '020 7946 0958')).toMatchObject({ ok: false, reason: 'region_unknown' });
    expect(find('call me', null)).toMatchObject({ ok: false, reason: 'phone_unusable' });
  });

  it('is the given one, whatever the text says, also as bare digits', () => {
    expect(find('call 020 7946 0123', 'US', '2025550123')).toEqual(good('+12025550123', 'US'));
    expect(find('call 020 7946 0123', 'GB', 'none')).toMatchObject({ ok: false, reason: 'phone_unusable' });
  });

  it.each(['020 7946 0000', '+44 (0)20 7946 0000', '070 1234 5678', '+1 900 555 1234'])(
    'is no number of our own, and none that costs its caller, where it is given: %s',
    (given) => {
      expect(find('', 'GB', given)).toMatchObject({ ok: false, reason: 'phone_unusable' });
    },
  );

  it('never quotes what was written, since its evidence is kept with the event', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8 }), fc.constantFrom('GB', 'US', null), (text, region) => {
        const found = find(`secret-word ${text}`, region);
        if (!found.ok) expect(found.evidence).not.toContain('secret-word');
        else expect(found.number).toMatch(/^\+[1-9]\d{6,14}$/);
      }),
    );
  });

  it('is compared in one form, however it is written', () => {
    expect(normaliseNumber('(0)20 7946-0958', 'GB')).toBe(normaliseNumber('+442079460958', null));
    expect(normaliseNumber('12', 'GB')).toBeNull();
  });
});
