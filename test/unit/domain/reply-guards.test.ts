import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limitPassed } from '../../../src/domain/reply-guards.js';
import { agreementOf, similarity } from '../../../src/domain/similarity.js';
import { DEFAULT_TIMING } from '../../../src/domain/timing.js';

describe('limits of automatic replies', () => {
  it('let the next one go below both, and no other', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(20), fc.nat(10), fc.nat(10), (inThread, toCorrespondent, a, b) => {
        const limits = { repliesPerThread: a, repliesPerCorrespondent: b };
        const mayGo = limitPassed({ inThread, toCorrespondent }, limits) === null;
        expect(mayGo).toBe(inThread < a && toCorrespondent < b);
      }),
    );
  });

  it('say which one was passed', () => {
    expect(limitPassed({ inThread: 5, toCorrespondent: 0 }, DEFAULT_TIMING)).toBe(
      '5 replies in its thread within a day',
    );
    expect(limitPassed({ inThread: 0, toCorrespondent: 10 }, DEFAULT_TIMING)).toBe(
      '10 replies to its sender within a day',
    );
    expect(limitPassed({ inThread: 4, toCorrespondent: 9 }, DEFAULT_TIMING)).toBeNull();
  });
});

describe('how alike two answers are', () => {
  const words = fc.array(fc.constantFrom('your', 'parcel', 'left', 'today', 'order', 'we'), { maxLength: 12 });

  it('is 1 for the same words, whatever their case and punctuation', () => {
    fc.assert(
      fc.property(words, (list) => {
        expect(similarity(list.join(' '), ` ${list.join(', ').toUpperCase()}! `)).toBe(1);
      }),
    );
  });

  it('is the same both ways, and between 0 and 1', () => {
    fc.assert(
      fc.property(words, words, (one, other) => {
        const alike = similarity(one.join(' '), other.join(' '));
        expect(alike).toBe(similarity(other.join(' '), one.join(' ')));
        expect(alike >= 0 && alike <= 1).toBe(true);
      }),
    );
  });

  it('is 0 without a common word, and lower for another order', () => {
    expect(similarity('It left today.', 'Please wait.')).toBe(0);
    expect(similarity('we left today', 'today left we')).toBeCloseTo(0.6, 5);
  });

  it('tells the same, an edit and something else apart', () => {
    const draft = 'Hello, your parcel left us today and will arrive within two days. Kind regards';
    const agreement = (sent: string) => agreementOf(similarity(draft, sent));
    expect(agreement(draft)).toBe('same');
    expect(agreement(draft.replace('two days', 'two days, Ms Example'))).toBe('edited');
    expect(agreement('We have sent you your money back.')).toBe('other');
  });
});
