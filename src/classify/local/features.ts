/** What is read of a text: beyond it a mail repeats itself or quotes, and no text may hold a worker up. */
const READ_CHARACTERS = 4_000;
/** A longer run of letters is no word; its beginning has to do. */
const WORD_CHARACTERS = 40;
const SHORTEST_GRAM = 2;
const LONGEST_GRAM = 5;

/** Invisible characters and marks of direction: written between the letters of a word they would hide it. */
const INVISIBLE = /[\p{Cf}\p{Cc}\p{Mn}]+/gu;
const WORD = /[\p{L}\p{N}_]+/gu;

/** The words of a text in one form: compatibility characters as their plain ones, accents gone, lower case. */
export function wordsOf(text: string): string[] {
  const plain = text
    .slice(0, READ_CHARACTERS)
    .normalize('NFKD')
    .slice(0, 2 * READ_CHARACTERS) // one character can stand for eighteen
    .replaceAll(/[\n\r\t]/g, ' ')
    .replaceAll(INVISIBLE, '')
    .toLowerCase();
  return (plain.match(WORD) ?? []).map((word) => word.slice(0, WORD_CHARACTERS));
}

/** Kinds of n-grams; each is weighed and brought to length 1 by itself. */
export const FAMILIES = ['word', 'character'] as const;
export type Family = (typeof FAMILIES)[number];

/**
 * The n-grams of a text: single words and pairs; runs of 2 to 5 characters within a word, its ends counted as blanks. They
 * catch what is misspelt or inflected.
 */
export function eachGram(text: string, take: (family: 0 | 1, gram: string) => void): void {
  const words = wordsOf(text);
  let before: string | null = null;
  for (const word of words) {
    take(0, word);
    if (before !== null) take(0, `${before} ${word}`);
    before = word;
    const padded = ` ${word} `;
    for (let length = SHORTEST_GRAM; length <= LONGEST_GRAM; length++) {
      if (length >= padded.length) {
        take(1, padded);
        break;
      }
      for (let start = 0; start + length <= padded.length; start++) take(1, padded.slice(start, start + length));
    }
  }
}
