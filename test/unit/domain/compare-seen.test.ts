import { describe, expect, it } from 'vitest';
import { compareSeen, type Facets } from '../../../src/domain/compare-seen.js';

const held: Facets = {
  threadId: 't1',
  direction: 'inbound',
  messageIdHash: 'mail-1',
  contentHash: 'words-1',
  sender: 'customer@example.com',
  originAt: 1_000,
};
const seen = (more: Partial<Facets> = {}, base: Facets = held): Facets => ({ ...base, ...more });
const unnamed: Facets = { ...held, messageIdHash: null };

describe('what a page shows under an id that is held', () => {
  it.each<[string, Partial<Facets>, string]>([
    ['nothing new', {}, 'same'],
    ['the same words in another thread', { threadId: 't2' }, 'moved'],
    ['other words of the same mail', { contentHash: 'words-2' }, 'edited'],
    ['other words of the same mail elsewhere', { contentHash: 'words-2', threadId: 't2' }, 'moved_edited'],
    [
      'other words of the same mail with a mended sender and stamp',
      { contentHash: 'w', sender: 's', originAt: 5 },
      'edited',
    ],
    ['other words of another mail in the same thread', { contentHash: 'words-2', messageIdHash: 'mail-2' }, 'collided'],
    ['the same words under another Message-ID', { messageIdHash: 'mail-2' }, 'same'],
    ['the other direction', { direction: 'outbound' }, 'collided'],
    ['a corrected stamp alone', { originAt: 5 }, 'same'],
  ])('%s', (_, more, expected) => {
    expect(compareSeen(held, seen(more))).toBe(expected);
  });

  it.each<[string, Partial<Facets>, string]>([
    ['other words', { contentHash: 'words-2' }, 'edited'],
    ['other words by another sender', { contentHash: 'words-2', sender: 'another@example.com' }, 'edited'],
    ['other words in another thread', { contentHash: 'words-2', threadId: 't2' }, 'moved_edited'],
    [
      'other words by another sender in another thread',
      { contentHash: 'w', sender: 'another@example.com', threadId: 't2' },
      'collided',
    ],
    [
      'other words by another sender at another time',
      { contentHash: 'w', sender: 'another@example.com', originAt: 5 },
      'collided',
    ],
    [
      'other words elsewhere, the sender unreadable',
      { contentHash: 'words-2', sender: null, threadId: 't2' },
      'moved_edited',
    ],
    ['a Message-ID that comes late, with other words', { contentHash: 'words-2', messageIdHash: 'mail-1' }, 'edited'],
  ])('without a Message-ID on both sides: %s', (_, more, expected) => {
    expect(compareSeen(unnamed, seen(more, unnamed))).toBe(expected);
  });
});
