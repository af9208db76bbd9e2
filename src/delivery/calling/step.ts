import { judgeCall } from '../../domain/calls.js';
import type { Sql } from '../../ledger/database.js';
import { readMessage } from '../../ledger/lifecycles.js';
import { endCall, factsOf, lockCallOf, type PhoneCallRow, rescheduleCall } from '../../ledger/phone-calls.js';
import type { CallDeps } from './deps.js';
import { nextSlot } from './hours.js';

/** What the call's workflow does next. */
export type CallStep =
  | { do: 'wait'; until: string }
  | { do: 'place' | 'look' | 'poll'; provider: string }
  | { do: 'end' };

/** Draws what follows from the row of the call, writes it down where it is an ending or another try, and names the next step. */
export async function nextCallStep(deps: CallDeps, messageId: string): Promise<CallStep> {
  const { db, clock, timing } = deps;
  const now = clock.now();
  return db.transaction(async (tx): Promise<CallStep> => {
    const { carry } = await readMessage(tx, messageId);
    for (;;) {
      const call = await lockCallOf(tx, messageId);
      if (call === null) return { do: 'end' };
      const verdict = judgeCall(factsOf(call), now.getTime(), timing);
      switch (verdict.do) {
        case 'wait':
          return { do: 'wait', until: new Date(verdict.until).toISOString() };
        case 'place':
        case 'look':
        case 'poll':
          if (deps.calling !== null) return { do: verdict.do, provider: call.provider };
          // Nobody serves the queue of a provider that is configured no more: the step would wait there for ever.
          await endCall(tx, call, { as: 'given_up', reason: lostReason(call) }, carry, now);
          break;
        case 'end':
          return { do: 'end' };
        case 'complete':
          await endCall(tx, call, { as: 'completed' }, carry, now);
          break;
        case 'give_up':
          await endCall(tx, call, { as: 'given_up', reason: verdict.reason }, carry, now);
          break;
        case 'again':
          await scheduleAgain(tx, deps, call, carry, now);
      }
    }
  });
}

/** Another attempt of its own key at the next hour, unless there were enough of them or the time for calls is over. */
export async function scheduleAgain(
  tx: Sql,
  { calling, timing }: CallDeps,
  call: PhoneCallRow,
  carry: number,
  now: Date,
): Promise<void> {
  // After a doubt the wait lets a callback, or the scheduled comparison, still tell of a call that the look did not show.
  const from = new Date(now.getTime() + timing.callAgainMs);
  const isLast = call.attempt >= timing.callAttempts || calling === null || from >= call.windowEnd;
  const slot = isLast ? null : nextSlot(calling.hours, call.zones, from, call.windowEnd);
  if (slot === null) await endCall(tx, call, { as: 'given_up', reason: 'call_unanswered' }, carry, now);
  else await rescheduleCall(tx, call, slot, call.attempt + 1);
}

const lostReason = ({ state }: PhoneCallRow) => (state === 'scheduled' ? 'call_refused' : 'call_unconfirmed');

/** A step of the call cannot be taken, however often: a person has it. */
export async function giveUpCall({ db, clock }: CallDeps, messageId: string): Promise<void> {
  await db.transaction(async (tx) => {
    const { carry } = await readMessage(tx, messageId);
    const call = await lockCallOf(tx, messageId);
    if (!call) return;
    await endCall(tx, call, { as: 'given_up', reason: lostReason(call) }, carry, clock.now());
  });
}
