import { lifecycleWorkflowId } from '../domain/identity.js';
import type { StepEnded } from '../domain/step-results.js';
import type { Sql } from './database.js';
import { readMessage } from './lifecycles.js';

/** The ending as the ledger has it; `along` are messages of the same source that ended in the same transaction. */
export async function endedResult(db: Sql, messageId: string, along: readonly string[] = []): Promise<StepEnded> {
  const { state, disposition, reason, route, source } = await readMessage(db, messageId);
  return { kind: 'ended', state, disposition, reason, route, wake: along.map((id) => lifecycleWorkflowId(source, id)) };
}
