import { CompareCallsInput } from '../contracts/call-steps.js';
import { type Comparison, compareCalls } from '../delivery/calling/compare.js';
import type { ActivityDeps } from './deps.js';

/** The comparison of the phone provider's list with the ledger, once the list was read. */
export const createCallComparison = (deps: ActivityDeps) => ({
  async compareCalls(payload: CompareCallsInput): Promise<Comparison> {
    const { source, readingId } = CompareCallsInput.parse(payload);
    const found = await compareCalls(deps, { provider: source, readingId });
    if (found.strange + found.missing > 0)
      deps.log.intake.error({ event: 'calls.differed', source, strange: found.strange, missing: found.missing });
    return found;
  },
});

export type CallComparison = ReturnType<typeof createCallComparison>;
