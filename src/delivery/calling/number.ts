import {
  type CountryCode,
  findPhoneNumbersInText,
  type PhoneNumber,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max';

export type NumberVerdict =
  | { ok: true; number: string; region: string }
  | { ok: false; reason: 'phone_unusable' | 'region_unknown'; evidence: string };

export interface NumberRequest {
  /** A number that stands where a number belongs: a field of a form, or the sender of a phone channel. */
  given: string | null;
  /** What was written, without quotes and signature. */
  text: string;
  /** ISO 3166 code of the country that numbers without a country code belong to; null where none is configured. */
  region: string | null;
  /** Our own numbers: they are never the customer's. */
  own: readonly string[];
}

/**
 * Others cost whoever calls them, personal numbers (070 in the United Kingdom) among them, or no customer has them: a request must not
 * make us pay.
 */
const CALLABLE = new Set(['FIXED_LINE', 'MOBILE', 'FIXED_LINE_OR_MOBILE', 'VOIP']);
/** Longer texts are not searched: a request for a call names its number early. */
const SEARCHED = 20_000;
/** Digits as a number would be written, where nothing can say of which country. */
const LOOKS_LIKE_A_NUMBER = /(?<![\d.,])(\(?\d[\d ()./-]{5,18}\d)(?![\d.,])/;

/** The one telephone number that a request for a call means, as E.164, or why nobody can be called. */
export function findNumber({ given, text, region, own }: NumberRequest): NumberVerdict {
  const country = isCountry(region) ? region : undefined;
  if (given !== null && given.trim() !== '') {
    const parsed = parsePhoneNumberFromString(given, country);
    if (parsed && own.includes(parsed.number)) return unusable('the number that is given is ours');
    if (parsed?.isValid()) return judge(parsed);
    return country === undefined && !given.includes('+') && /\d{5}/.test(given.replaceAll(/[^\d]/g, ''))
      ? unknown
      : unusable('what stands where a number belongs is no valid number');
  }
  const searched = text.slice(0, SEARCHED);
  const found = new Map<string, PhoneNumber>();
  for (const { number, startsAt, endsAt } of findPhoneNumbersInText(searched, country)) {
    if (!own.includes(number.number) && isWrittenAsNumber(searched.slice(startsAt, endsAt)))
      found.set(number.number, number);
  }
  const [only, ...others] = found.values();
  if (only && others.length === 0) return judge(only);
  if (only) return unusable(`it names ${found.size} numbers`);
  if (country === undefined && LOOKS_LIKE_A_NUMBER.test(searched)) return unknown;
  return unusable('it names no number');
}

/** An order number can be a valid telephone number by accident: bare digits count only with a prefix in front of them. */
const isWrittenAsNumber = (written: string): boolean => /^[+(0]/.test(written) || /\d[ ()./-]+\d/.test(written);

function judge(parsed: PhoneNumber): NumberVerdict {
  const type = parsed.getType();
  if (!parsed.country) return unusable('the number belongs to no country');
  if (type === undefined || !CALLABLE.has(type))
    return unusable(`numbers of the kind ${type ?? 'unknown'} are not called`);
  return { ok: true, number: parsed.number, region: parsed.country };
}

const unusable = (evidence: string): NumberVerdict => ({ ok: false, reason: 'phone_unusable', evidence });
const unknown: NumberVerdict = {
  ok: false,
  reason: 'region_unknown',
  evidence: 'the number has no country code, and WAYBILL_PHONE_REGION is not set',
};

const isCountry = (region: string | null): region is CountryCode => region !== null && /^[A-Z]{2}$/.test(region);

/** A number as E.164, where it is a valid one; null otherwise. */
export function normaliseNumber(text: string, region: string | null): string | null {
  const parsed = parsePhoneNumberFromString(text, isCountry(region) ? region : undefined);
  return parsed?.isValid() ? parsed.number : null;
}
