import {
  type ClassifierChain,
  type ClassifyInput,
  type Recall,
  UNKNOWN_LABEL,
  type Understanding,
} from '../domain/understanding.js';

/** What one link of the chain says: an understanding, `ask` where it has to be asked by a call of its own, or why it abstains. */
export type LinkAnswer =
  | { kind: 'understood'; understanding: Understanding }
  | { kind: 'abstains'; classifier: string; reasons: readonly string[]; isUnsure: boolean }
  | { kind: 'ask' };

export interface Link {
  classify(input: ClassifyInput, recall: Recall): Promise<LinkAnswer>;
}

/**
 * The classifiers in their order: the first that does not abstain decides. Where all abstain the label is unknown, and the reasons of
 * each are kept. A link never throws: one that cannot be used abstains.
 */
export function createChain(links: readonly Link[]): ClassifierChain {
  return {
    async classify(input, recall) {
      const passed: Extract<LinkAnswer, { kind: 'abstains' }>[] = [];
      for (const link of links) {
        const answer = await link.classify(input, recall);
        if (answer.kind === 'ask') return 'ask';
        if (answer.kind === 'understood') return answer.understanding;
        passed.push(answer);
      }
      return {
        label: UNKNOWN_LABEL,
        confidence: 0,
        classifier: passed.map(({ classifier }) => classifier).join('+') || 'none',
        reasons: passed.flatMap(({ classifier, reasons }) => reasons.map((reason) => `${classifier}: ${reason}`)),
        // Rules that know no phrase were not unsure: nobody was asked who could have been.
        abstained: passed.some(({ isUnsure }) => isUnsure),
      };
    },
  };
}
