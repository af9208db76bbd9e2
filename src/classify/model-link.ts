import { MODEL_ANSWERS } from '../domain/understanding.js';
import type { Link } from './chain.js';

/**
 * How sure a label of a language model counts: a figure for the conditions of playbooks, since a model gives none that could be
 * believed. Below what a trained classifier needs to decide.
 */
const MODEL_CONFIDENCE = 0.75;

export interface ModelLinkOptions {
  classifier: string;
  labels: readonly string[];
}

/** The language model as a link: its answer is read from the ledger, and where there is none it has to be asked first. */
export function createModelLink({ classifier, labels }: ModelLinkOptions): Link {
  const known = new Set(labels);
  const abstains = (reason: string) => ({ kind: 'abstains', classifier, reasons: [reason], isUnsure: true }) as const;
  return {
    async classify(_input, recall) {
      const answer = await recall.modelAnswer(classifier);
      if (answer === null) return { kind: 'ask' };
      if (answer === 'silent') return abstains('the model did not answer in time');
      const { label, reason } = answer;
      if (label === null) return abstains(MODEL_ANSWERS[reason]);
      // The set may have changed since.
      if (!known.has(label)) return abstains(MODEL_ANSWERS.outside_the_set);
      const understanding = { label, confidence: MODEL_CONFIDENCE, classifier, reasons: [MODEL_ANSWERS.chosen] };
      return { kind: 'understood', understanding };
    },
  };
}
