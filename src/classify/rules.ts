import type { Classifier, ClassifyInput } from '../domain/understanding.js';
import type { Label } from './labels.js';
import { NOT_DELIVERY, SIGNALS, type Signal } from './signals.js';

export interface Classification {
  label: Label;
  /** From 0 to 1: how sure the phrases are, not a frequency. */
  confidence: number;
  reasons: string[];
}

/** The phrases in `signals.ts`, as a classifier. Its version changes with them. */
export const ruleClassifier: Classifier = {
  classify: async (input) => ({ classifier: 'rules/2', ...classify(input) }),
};

/** Below it a phrase says nothing about a message. */
const LEAST_CONFIDENCE = 0.6;
/** Below it nothing is answered without a person: a label that leads to an answer is given from here on only. */
const LEAST_TO_ANSWER = 0.7;
/** Beyond so many characters a mail tends to ask for more than one thing. */
const LONG_TEXT = 1_200;
const READ_CHARACTERS = 4_000;
/** Phrases are looked for from every word on: a subject of 40 kB took them 3 s of the event loop. */
const SUBJECT_CHARACTERS = 300;
const REPLY_MARK = /^\s*(?:re|aw|sv|antw|rif|odp|vs)\s?(?:\[\d+\])?\s?:/i;
const ANSWERED: readonly Label[] = ['delivery_status', 'password_reset'];

/**
 * What a message asks for, by phrases in its subject and the newest part of its text. Anything that wants a person (money, a
 * complaint, a theft) outweighs the two intents that can be answered, and two intents at once are `unknown`.
 */
export function classify({ subject, text }: ClassifyInput): Classification {
  const words = normalizeWords(`${ownSubject(subject, text)}. ${newestPart(text)}`);
  const found = weigh(words, text.length > LONG_TEXT);
  const sure = [...found]
    .filter(([, { confidence }]) => confidence >= LEAST_CONFIDENCE)
    .sort(([, a], [, b]) => b.confidence - a.confidence);
  const forPerson = sure.find(([label]) => !ANSWERED.includes(label));
  const [best, second] = sure;
  if (forPerson) return { label: forPerson[0], ...forPerson[1] };
  if (best === undefined) return { label: 'unknown', confidence: 0, reasons: ['no phrase of a known intent'] };
  if (second !== undefined)
    return {
      label: 'unknown',
      confidence: 0,
      reasons: ['asks for several things', ...best[1].reasons, ...second[1].reasons],
    };
  if (best[1].confidence < LEAST_TO_ANSWER)
    return { label: 'unknown', confidence: 0, reasons: ['not sure enough', ...best[1].reasons] };
  return { label: best[0], ...best[1] };
}

/** The subject of a reply says what somebody asked before, and counts only where the text says nothing. */
export function ownSubject(subject: string | null, text: string): string {
  const read = (subject ?? '').slice(0, SUBJECT_CHARACTERS);
  return REPLY_MARK.test(read) && text.trim() !== '' ? '' : read;
}

function weigh(words: string, long: boolean): Map<Label, { confidence: number; reasons: string[] }> {
  const found = new Map<Label, { confidence: number; reasons: string[] }>();
  for (const signal of SIGNALS) {
    if (!isHit(signal, words)) continue;
    const before = found.get(signal.label) ?? { confidence: 0, reasons: [] };
    const confidence = 1 - (1 - before.confidence) * (1 - signal.weight);
    found.set(signal.label, { confidence, reasons: [...new Set([...before.reasons, signal.reason])] });
  }
  for (const [label, { confidence, reasons }] of found) {
    const rounded = Math.round(Math.min(confidence, 0.99) * (long ? 0.8 : 1) * 100) / 100;
    found.set(label, { confidence: rounded, reasons: long ? [...reasons, 'the text is long'] : reasons });
  }
  return found;
}

const isHit = ({ label, pattern }: Signal, words: string): boolean =>
  pattern.test(words) && !(label === 'delivery_status' && NOT_DELIVERY.some((other) => other.test(words)));

/** The text above what is quoted: a reply repeats the question that was answered before. */
export function newestPart(text: string): string {
  const lines = text.slice(0, READ_CHARACTERS).split('\n');
  const end = lines.findIndex((line) =>
    /^\s*(-{2,} ?(original message|forwarded message)|_{10,}|on .{5,200} wrote:\s*$)/i.test(line),
  );
  const own = (end > 0 ? lines.slice(0, end) : lines).filter((line) => !/^\s*>/.test(line));
  return own.join('\n');
}

/** Lower case and single spaces, with contractions written out, so that a phrase needs one form. */
export const normalizeWords = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[\u2018\u2019\u02BC`´]/g, "'")
    .replaceAll(/\bca(?:n'?t|nnot)\b/g, 'can not')
    .replaceAll(/\bwo(?:n't|nt)\b/g, 'will not')
    .replaceAll(/\b(has|have|had|is|was|were|are|does|did|do|would|could|should)n'?t\b/g, '$1 not')
    .replaceAll(/\b(where|when|what|who|it|that|here|there)'?s\b(?! (?:own|name)\b)/g, '$1 is')
    .replaceAll(
      /\b(i|you|we|they)'(ve|m|re|ll|d)\b/g,
      (_, who: string, verb: string) => `${who} ${VERBS[verb] ?? verb}`,
    )
    .replaceAll(/\b(?:im|ive)\b/g, (word) => (word === 'im' ? 'i am' : 'i have'))
    .replaceAll('reciev', 'receiv')
    .replaceAll(/\s+/g, ' ')
    .trim();

const VERBS: Readonly<Record<string, string>> = { ve: 'have', m: 'am', re: 'are', ll: 'will', d: 'would' };
