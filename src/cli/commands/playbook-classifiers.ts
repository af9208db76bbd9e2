import type { Config } from '../../config/config.js';
import { systemClock } from '../../domain/clock.js';
import type { ClassifierChain } from '../../domain/understanding.js';
import type { Database } from '../../ledger/database.js';
import { note } from '../output.js';

/**
 * The configured classifiers for a command that only looks: no alarm is raised, and no language model is asked by them. Without a ledger
 * the local classifier is left out.
 */
export async function withChain<T>(
  config: Config,
  db: Database | null,
  work: (chain: ClassifierChain) => T | Promise<T>,
): Promise<T> {
  const { configuredClassifier } = await import('../../workers/configured-classifier.js');
  const onState = async (state: { usable: boolean; failure?: string }): Promise<void> => {
    if (!state.usable) note(`the local classifier cannot be used and abstains: ${state.failure}`);
  };
  const { chain, close } = configuredClassifier({ config, local: db && { db, clock: systemClock, onState } });
  try {
    return await work(chain);
  } finally {
    await close();
  }
}
