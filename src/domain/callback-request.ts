/** What a customer writes who wants to be called. A phrase alone is not enough: the number has to stand beside it. */
interface Phrase {
  /** Name of the rule, for people. */
  name: string;
  /** Matched against lower case with single spaces. */
  pattern: RegExp;
}

const ME = '(?:me|us)';
const ASK = '(?:please|pls|kindly|can|could|would|will|might|may)';

export const CALLBACK_PHRASES: readonly Phrase[] = [
  { name: 'call me back', pattern: new RegExp(`\\b(?:call|ring|phone) ${ME} back\\b`) },
  {
    name: 'please call me',
    pattern: new RegExp(
      `\\b${ASK}(?: (?:you|someone|somebody|anyone|one of you|please|just|kindly)){0,3} (?:call|ring|phone|telephone) ${ME}\\b`,
    ),
  },
  { name: 'please ring', pattern: /\bplease (?:call|ring|phone)(?: back)? (?:on|at|under)\b/ },
  { name: 'give me a call', pattern: new RegExp(`\\bgive ${ME} a (?:quick )?(?:call|ring|bell)\\b`) },
  {
    name: 'asks for a callback',
    pattern:
      /\b(?:request|requesting|want|need|like|arrange|schedule|book|have|get)\b[^.?!\n]{0,30}\b(?:call[ -]?back|phone call|return call)\b/,
  },
  { name: 'call me on a number', pattern: new RegExp(`\\b(?:call|ring|phone|reach) ${ME} (?:on|at|under)\\b`) },
];

/** The same words as a refusal, or as a complaint about a call that never came: those are for a classifier or a person. */
const NOT_ASKED: readonly RegExp[] = [
  /\b(?:do not|don't|dont|please don't|never|no need to|stop|not) (?:ever )?(?:call|calling|ring|ringing|phone|phoning)\b/,
  /\b(?:you|they|he|she|someone|somebody|nobody|no one|agent) (?:said|promised|told|would|was|were|had|never|did)\b[^.?!\n]{0,40}\b(?:call|ring|phone) (?:me|us)\b/,
];

const READ_CHARACTERS = 10_000;
/** E.164 allows fifteen digits; a subscriber number without its area has at least seven. */
const LEAST_DIGITS = 7;
const MOST_DIGITS = 15;
const CANDIDATE = /(?<![\w#.-])[+(]{0,2}\d(?:[ ()/.\u00A0\u2011-]{0,3}\d){6,18}(?!\w|-\d)/g;
const DATE = /^(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})$/;

/**
 * Whether a text holds something that can be a telephone number: so many digits, no date, and either a sign of one (+, a leading
 * zero, brackets, groups) or ten digits and more. Whether it can be called is for the numbering plan to say, later.
 */
export function hasPlausibleNumber(text: string): boolean {
  for (const [found] of text.slice(0, READ_CHARACTERS).matchAll(CANDIDATE)) {
    const digits = found.replaceAll(/\D/g, '').length;
    if (digits < LEAST_DIGITS || digits > MOST_DIGITS || DATE.test(found)) continue;
    if (/^[+(0]/.test(found) || /\d[ ()/.\u00A0\u2011-]/.test(found) || digits >= 10) return true;
  }
  return false;
}

/** Without the lines that are quoted, also between the answers to them: a request or a number in one was written before, or by us. */
export const unquoted = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !/^\s*>/.test(line))
    .join('\n');

/** The rule by which a text asks for a call; null where none does, or where no number stands in it or was given beside it. */
export function callbackPhrase(text: string, hasNumber = false): string | null {
  const own = unquoted(text);
  const words = own
    .slice(0, READ_CHARACTERS)
    .toLowerCase()
    .replaceAll(/[\u2018\u2019\u02BC`´]/g, "'")
    .replaceAll(/[^\S\n]+/g, ' ');
  const found = CALLBACK_PHRASES.find(({ pattern }) => pattern.test(words));
  if (!found || NOT_ASKED.some((pattern) => pattern.test(words)) || !(hasNumber || hasPlausibleNumber(own)))
    return null;
  return found.name;
}
