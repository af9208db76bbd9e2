import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeToken, readToken } from '../../../src/ledger/token-text.js';

describe('the text of a token', () => {
  it('is read as what it was made of', () => {
    const { text, id, hash } = makeToken();
    expect(text).toMatch(/^wbt_[0-9a-f]{32}_[\w-]{43}$/);
    expect(readToken(text)).toEqual({ id, hash });
  });

  it('is another each time', () => {
    const made = Array.from({ length: 100 }, makeToken);
    expect(new Set(made.map(({ id }) => id)).size).toBe(100);
    expect(new Set(made.map(({ hash }) => hash.toString('hex'))).size).toBe(100);
  });

  it('opens nothing with any one character of it changed', () => {
    const { text, id, hash } = makeToken();
    const character = fc.constantFrom(...'0123456789abcdefABCXYZ_-. \n'.split(''));
    fc.assert(
      fc.property(fc.nat(text.length - 1), character, (place, other) => {
        fc.pre(text[place] !== other);
        const read = readToken(text.slice(0, place) + other + text.slice(place + 1));
        expect(read === null || read.id !== id || !read.hash.equals(hash)).toBe(true);
      }),
    );
  });

  it('has one spelling: spare bits at its end are no second one', () => {
    const { text } = makeToken();
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const spellings = alphabet.split('').filter((last) => {
      const read = readToken(text.slice(0, -1) + last);
      return read?.hash.equals(readToken(text)?.hash ?? Buffer.alloc(0));
    });
    expect(spellings).toEqual([text.at(-1)]);
  });

  it('is never found in anything else', () => {
    fc.assert(fc.property(fc.string(), (text) => readToken(text) === null));
    const { text } = makeToken();
    for (const other of ['', 'wbt_', ` ${text}`, `${text}\n`, text.slice(0, -1), text.toUpperCase()])
      expect(readToken(other)).toBeNull();
  });
});
