import { beforeAnswerFrom } from '../../domain/admission.js';
import type { IgnoreReason } from '../../domain/reasons.js';
import type { Mode } from '../../domain/states.js';
import type { Sql } from '../../ledger/database.js';
import type { CarriedMessage } from '../../ledger/lifecycles.js';
import { modeIn, readSending, scopeOf } from '../../ledger/modes.js';
import type { Thread } from '../../ledger/visits.js';

export type Barred = Extract<IgnoreReason, 'observed_only' | 'shadowed' | 'before_answer_from'> | 'unapproved';

/** Why a mode lets no call leave; null where it does. */
export function barredByMode(mode: Mode, { approved }: { approved: boolean }): Barred | null {
  if (mode === 'observe') return 'observed_only';
  if (mode === 'shadow') return 'shadowed';
  return mode === 'approve' && !approved ? 'unapproved' : null;
}

/** Why nobody may be called for this message now; null where it is allowed. Asked again before each request. Source: DESIGN law 9. */
export async function barredBecause(
  tx: Sql,
  message: CarriedMessage,
  thread: Thread,
  given: { approved: boolean },
): Promise<Barred | null> {
  const sending = await readSending(tx, message.source);
  const barred = barredByMode(modeIn(sending, await scopeOf(tx, message)), given);
  if (barred !== null) return barred;
  const stamps = {
    originAt: message.originAt?.getTime() ?? null,
    firstSeenAt: message.firstSeenAt.getTime(),
    threadCreatedAt: thread.createdAt.getTime(),
  };
  return beforeAnswerFrom(stamps, sending.answerFrom?.getTime() ?? null) ? 'before_answer_from' : null;
}
