import type { Language } from '../domain/understanding.js';

/** Frequent words that hardly occur in another of these languages. */
const WORDS: Readonly<Record<Language, string>> = {
  de: 'der die das und ich nicht ist ein eine einen mit für auf wie wir sie mein meine habe haben kann bitte wurde noch auch aber',
  en: 'the and is my you have not for this that with can are was what where when please would your been how will from it',
  es: 'el los las una que por con para mi está cómo pero usted gracias cuando tengo puedo quiero donde dónde muy ha he del',
  fr: 'le les une est je vous pas pour que dans avec mon ma mais nous suis sur merci comment quand votre bonjour où ai du',
  it: 'il gli una che non per con sono mio mia come quando grazie vorrei della anche ho può perché dove questo nel',
  nl: 'het een ik niet van voor mijn met maar zijn hoe wanneer kunt heb graag wat deze naar ook nog waar jullie wij',
  pt: 'os uma que não para com meu minha como quando obrigado você estou mas por já tenho está onde fazer dos do',
};
const READ_CHARACTERS = 2_000;
const LEAST_WORDS = 3;

const OWNERS = new Map<string, Language[]>();
for (const [language, words] of Object.entries(WORDS) as [Language, string][]) {
  for (const word of words.split(' ')) OWNERS.set(word, [...(OWNERS.get(word) ?? []), language]);
}

/** The language that a text is most likely written in, by its frequent words; null where they do not say it clearly. A hint. */
export function languageHint(text: string): Language | null {
  const counts = new Map<Language, number>();
  for (const word of text
    .slice(0, READ_CHARACTERS)
    .toLowerCase()
    .match(/\p{L}+/gu) ?? []) {
    for (const language of OWNERS.get(word) ?? []) counts.set(language, (counts.get(language) ?? 0) + 1);
  }
  const [best, second] = [...counts].sort(([, a], [, b]) => b - a);
  if (best === undefined || best[1] < LEAST_WORDS) return null;
  return best[1] >= 1.5 * (second?.[1] ?? 0) ? best[0] : null;
}
