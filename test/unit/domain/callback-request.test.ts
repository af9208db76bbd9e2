import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callbackPhrase, hasPlausibleNumber } from '../../../src/domain/callback-request.js';

describe('a request for a call', () => {
  it.each([
    ['Please call me back on +1 202-555-0143.', 'call me back'],
    ['Could someone please ring me? 020 7946 0958', 'please call me'],
    ['Please ring on 020 7946 0101 after six', 'please ring'],
    ['Give me a call: (202) 555-0117', 'give me a call'],
    ['I would like to request a callback, my number is 2025550119', 'asks for a callback'],
    ['Call me on 0044 20 7946 0123 any time', 'call me on a number'],
    ['CAN YOU PHONE\u00A0US 020-7946-0999', 'please call me'],
  ])('%j asks for one', (text, rule) => {
    expect(callbackPhrase(text)).toBe(rule);
  });

  it.each([
    'Please call me back.',
    'Where is my parcel? Order 123456789',
    'Please do not call me, my number 020 7946 0958 is for the courier.',
    'You said you would call me back on 020 7946 0958 and nobody did.',
    'I called you on 020 7946 0958 yesterday.',
    'Call me old-fashioned, but 2026-11-24 is late.',
    'Stop calling me on 020 7946 0958!',
  ])('%j does not', (text) => {
    expect(callbackPhrase(text)).toBeNull();
  });

  it('a request that is only quoted was made before, also where the answer stands below it', () => {
    expect(callbackPhrase('> Please call me back on 020 7946 0958.\nThank you, we have spoken.')).toBeNull();
    expect(callbackPhrase('> > call me back on 020 7946 0958\n > On which number?\nThank you!')).toBeNull();
    expect(callbackPhrase('> On which number?\nCall me on 020 7946 0958')).toBe('call me on a number');
    expect(callbackPhrase('> Our number is 020 7946 0958\nPlease call me back')).toBeNull();
  });

  it.each(['+12025550143', '(020) 7946 0958', '020 7946 0958', '2025550143', '202.555.0143', '7946 0958'])(
    '%s can be a telephone number',
    (text) => expect(hasPlausibleNumber(`call ${text}`)).toBe(true),
  );

  it.each(['2026-11-24', '24.11.2026', '#12345678', '4111 1111 1111 1111', 'WB-1234567', '123456', '1.5', '12345678'])(
    '%s cannot, or is too likely something else',
    (text) => expect(hasPlausibleNumber(`see ${text}`)).toBe(false),
  );

  it('reads any text in a moment', () => {
    for (const unit of ['1', '1 ', '(', '+1', 'call me on ', 'please you ', 'want a ', '1-'])
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 20_000 }), (count) => {
          const begun = performance.now();
          callbackPhrase(unit.repeat(count));
          expect(performance.now() - begun).toBeLessThan(500);
        }),
        { numRuns: 3 },
      );
  });
});
