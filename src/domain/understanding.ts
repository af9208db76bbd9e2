/** What a message was understood to ask for, by which classifier, and why. */
export interface Understanding {
  label: string;
  /** From 0 to 1. */
  confidence: number;
  /** Which classifier, with its version, as `rules/1`. */
  classifier: string;
  /** For people; phrases of the classifier's own, never of the message. */
  reasons: readonly string[];
  /** True where a classifier was not sure enough, or could not be used, and none after it was: a person decides. */
  abstained?: boolean;
}

/** What a classifier is given: the words of the message alone. Whether a machine wrote it was asked before, by `triage`. */
export interface ClassifyInput {
  subject: string | null;
  text: string;
}

export interface Classifier {
  classify(input: ClassifyInput): Promise<Understanding>;
}

/** Why a language model's answer is what it is: a closed list, since what it wrote goes nowhere. */
export const MODEL_ANSWERS = {
  chosen: 'the model chose a label of the set',
  none_fits: 'the model said that none of the labels fits',
  unreadable: 'the model answered with something that is no choice',
  outside_the_set: 'the model named a label that is not in the set',
  refused: 'the endpoint refused the question',
} as const;
export type ModelAnswerReason = keyof typeof MODEL_ANSWERS;

/** What a language model said of one version of a message. */
export interface ModelAnswer {
  /** Null where it chose none: the model abstains. */
  label: string | null;
  reason: ModelAnswerReason;
  /** Which model, with the version of the question. */
  classifier: string;
}

/** What was found out so far outside of the chain: the model is asked by a call of its own, on its own queue. */
export interface Recall {
  /** What the model said of this text; null where it was not asked yet, `silent` where it was asked for long enough. */
  modelAnswer(classifier: string): Promise<ModelAnswer | 'silent' | null>;
}

/** The classifiers of an installation in their order; it gives `ask` where the language model has to be asked first. */
export interface ClassifierChain {
  classify(input: ClassifyInput, recall: Recall): Promise<Understanding | 'ask'>;
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
