import type { ClassifierChain, ClassifyInput, ModelAnswer, Understanding } from './understanding.js';

export interface Recalled {
  understanding: Understanding;
  /** The language model had its turn and was never asked about these words: it counts as silent. */
  isUnasked: boolean;
}

/** What the classifiers say by what is known already: no language model is asked, its recorded answers alone count. */
export async function understandRecalled(
  chain: ClassifierChain,
  input: ClassifyInput,
  recorded: (classifier: string) => Promise<ModelAnswer | null>,
): Promise<Recalled> {
  let isUnasked = false;
  const understanding = await chain.classify(input, {
    async modelAnswer(classifier) {
      const answer = await recorded(classifier);
      isUnasked = answer === null;
      return answer ?? 'silent';
    },
  });
  if (understanding === 'ask') throw new TypeError('a chain asked for what was recalled');
  return { understanding, isUnasked };
}
