import { convert } from 'html-to-text';
import { stripReply } from './strip-reply.js';

/** A line beyond this makes quote and phrase patterns slow, and no person wrote it. */
const LINE_CHARACTERS = 1_000;
const TEXT_CHARACTERS = 200_000;

const OPTIONS = {
  wordwrap: false,
  // Nested deeper, the library would end in a RangeError.
  limits: { maxDepth: 100, maxInputLength: TEXT_CHARACTERS },
  selectors: [
    { selector: 'a', options: { ignoreHref: true } },
    { selector: 'img', format: 'skip' },
  ],
} as const;

/**
 * What a message says, for deciding: its text, else its HTML as text, cut to lines of 1 kB and 200 kB in all. Empty where it
 * has neither. What is shown to a person is the original, never this.
 */
export function plainText({ text, html }: { text: string | null; html: string | null }): string {
  if (text !== null && text.trim() !== '') return cut(text);
  if (html === null || html.trim() === '') return '';
  return cut(fromHtml(html.slice(0, TEXT_CHARACTERS))); // cut here, since the library writes a warning when it cuts
}

/**
 * What a message says of its own, for deciding: `plainText` without what it quotes and without its signature. Where the questions
 * would go with the quotes, or nothing would be left, it is the whole text.
 */
export const decidingText = (content: { text: string | null; html: string | null }): string =>
  stripReply(plainText(content));

function fromHtml(html: string): string {
  if (nestsTooDeep(html)) return withoutTags(html);
  try {
    return convert(html, { ...OPTIONS, selectors: [...OPTIONS.selectors] });
  } catch {
    return withoutTags(html);
  }
}

/** The words without their layout are enough to decide on. */
const withoutTags = (html: string): string => html.replaceAll(/<[^<>]{0,2000}>/g, ' ');

const TAG = /<(\/?)([a-z][a-z0-9]{0,15})/gi;
const WITHOUT_END = /^(area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/i;
/** Deeper than any mail is laid out; the library takes seconds for what is nested tens of thousands deep. */
const DEEPEST = 2_000;

function nestsTooDeep(html: string): boolean {
  let depth = 0;
  for (const [, end, name = ''] of html.matchAll(TAG)) {
    if (end) depth = Math.max(0, depth - 1);
    else if (!WITHOUT_END.test(name) && ++depth > DEEPEST) return true;
  }
  return false;
}

const cut = (text: string): string =>
  text
    .slice(0, TEXT_CHARACTERS)
    .replaceAll(/\r\n?/g, '\n')
    .split('\n')
    .map((line) => line.slice(0, LINE_CHARACTERS).trimEnd())
    .join('\n')
    .trim();
