import { randomUUID } from 'node:crypto';
import type { ActivityDeps } from '../../src/activities/deps.js';
import { createLifecycleSteps } from '../../src/activities/lifecycle-steps.js';
import { ruleClassifier } from '../../src/classify/rules.js';
import type { DecideResult } from '../../src/domain/step-results.js';
import type { Chooser } from '../../src/playbooks/chooser.js';
import { createLogger } from '../../src/telemetry/logger.js';
import type { TestLedger } from './ledger.js';

/** The steps of a lifecycle on a ledger, without a workflow around them. */
export function lifecycleOf({ db, clock, timing, message }: TestLedger, playbooks: Chooser) {
  const log = createLogger({ subsystem: 'lifecycle', level: 'silent', format: 'ndjson' });
  // What a step that touches only the ledger asks of a worker.
  const deps: Pick<ActivityDeps, 'db' | 'clock' | 'timing' | 'classifier' | 'playbooks' | 'ownAddresses' | 'log'> = {
    ...{ db, clock, timing, playbooks },
    classifier: ruleClassifier,
    ownAddresses: new Set<string>(),
    log: { intake: log, lifecycle: log, delivery: log, provider: log, backfill: log },
  };
  const steps = createLifecycleSteps(deps as ActivityDeps);
  return {
    steps,
    /** From the first step to the decision. */
    async decide(providerMessageId: string): Promise<DecideResult> {
      const { id: messageId } = await message(providerMessageId);
      const taken = await steps.takeUp({ messageId, runId: randomUUID(), bodyWaits: 0 });
      if (taken.kind !== 'go') throw new Error(`not taken up: ${JSON.stringify(taken)}`);
      const { carry } = taken;
      await steps.understand({ messageId, carry });
      return steps.decide({ messageId, carry, turnWaits: 0 });
    },
    /** The decision once more, as after a wait. */
    async decideAgain(providerMessageId: string): Promise<DecideResult> {
      const { id: messageId, carry } = await message(providerMessageId);
      return steps.decide({ messageId, carry, turnWaits: 0 });
    },
  };
}
