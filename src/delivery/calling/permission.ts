import { beforeAnswerFrom } from '../../domain/admission.js';
import type { IgnoreReason } from '../../domain/reasons.js';
import type { Mode } from '../../domain/states.js';
import type { Sql } from '../../ledger/database.js';
import type { CarriedMessage } from '../../ledger/lifecycles.js';
import { modeOf, scopeOf } from '../../ledger/modes.js';
import { readSource } from '../../ledger/sources.js';
import type { Thread } from '../../ledger/visits.js';

/** Why nobody may be called for this message now; null where it is allowed. Asked again before each request. Source: DESIGN law 9. */
export async function barredBecause(
  tx: Sql,
  message: CarriedMessage,
  thread: Thread,
): Promise<Extract<IgnoreReason, 'observed_only' | 'shadowed' | 'before_answer_from'> | null> {
  const mode: Mode = await modeOf(tx, await scopeOf(tx, message));
  if (mode === 'observe') return 'observed_only';
  if (mode === 'shadow') return 'shadowed';
  const { answerFrom } = await readSource(tx, message.source);
  const stamps = {
    originAt: message.originAt?.getTime() ?? null,
    firstSeenAt: message.firstSeenAt.getTime(),
    threadCreatedAt: thread.createdAt.getTime(),
  };
  return beforeAnswerFrom(stamps, answerFrom?.getTime() ?? null) ? 'before_answer_from' : null;
}
