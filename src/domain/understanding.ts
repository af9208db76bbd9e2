/** What a message was understood to ask for, by which classifier, and why. */
export interface Understanding {
  label: string;
  /** From 0 to 1. */
  confidence: number;
  /** Which classifier, with its version, as `rules/1`. */
  classifier: string;
  /** For people; phrases of the classifier's own, never of the message. */
  reasons: readonly string[];
}

/** What a classifier is given: the message alone. */
export interface ClassifyInput {
  subject: string | null;
  text: string;
  /** Header names in lower case. */
  headers: Readonly<Record<string, string>>;
}

export interface Classifier {
  classify(input: ClassifyInput): Promise<Understanding>;
}

/** The label of what nobody understood. */
export const UNKNOWN_LABEL = 'unknown';

/** Languages that a message can be recognised as being in, by ISO 639-1. */
export const LANGUAGES = {
  de: 'German',
  en: 'English',
  es: 'Spanish',
  fr: 'French',
  it: 'Italian',
  nl: 'Dutch',
  pt: 'Portuguese',
} as const;
export type Language = keyof typeof LANGUAGES;
