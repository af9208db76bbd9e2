/**
 * How alike two texts are, from 0 to 1: Dice's coefficient over the words and the pairs of neighbouring words of both, each as often
 * as it stands there. Case, punctuation and spacing count nothing; order counts through the pairs. The same texts give the same
 * number on every machine. Source: Dice 1945; docs/reference/sending.md.
 */
export function similarity(a: string, b: string): number {
  const [one, other] = [pieces(a), pieces(b)];
  const total = size(one) + size(other);
  if (total === 0) return 1;
  let shared = 0;
  for (const [piece, count] of one) shared += Math.min(count, other.get(piece) ?? 0);
  return (2 * shared) / total;
}

/** Words beyond this say nothing more about whether two answers are the same. */
const MOST_WORDS = 2_000;

const wordsOf = (text: string): string[] =>
  (
    text
      .slice(0, 50_000)
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  ).slice(0, MOST_WORDS);

function pieces(text: string): Map<string, number> {
  const words = wordsOf(text);
  const counts = new Map<string, number>();
  const count = (piece: string) => counts.set(piece, (counts.get(piece) ?? 0) + 1);
  for (const [index, word] of words.entries()) {
    count(word);
    if (index > 0) count(`${words[index - 1]} ${word}`);
  }
  return counts;
}

const size = (counts: Map<string, number>): number => [...counts.values()].reduce((sum, count) => sum + count, 0);

/** What a person made of a draft, by how alike it is to what they sent. */
export const AGREEMENTS = {
  same: 'they sent the same, give or take a few words',
  edited: 'they sent it with other words in places',
  other: 'they sent something else',
} as const;
export type Agreement = keyof typeof AGREEMENTS;

const SAME_FROM = 0.9;
const EDITED_FROM = 0.5;

export const agreementOf = (alike: number): Agreement =>
  alike >= SAME_FROM ? 'same' : alike >= EDITED_FROM ? 'edited' : 'other';
