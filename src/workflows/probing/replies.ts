import type { OwnThread } from './mails.js';
import type { ProbeTools } from './tools.js';

/** Probes that reply, on threads of their own and in live alone. */

const SENDS = 5;

export interface SentReply {
  threadId: string;
  clientRef: string;
  callId: string;
  outcome: 'accepted' | 'unanswered' | 'unclear';
  /** Whether the thread showed it when it was read right after the request. */
  seenAtOnce: boolean;
  /** What became of the second request under the same key; absent where there was one alone. */
  again?: 'accepted' | 'unanswered' | 'unclear';
}

/** Sends one reply twice under one key, and some more; reads the thread after each request that brought an answer or none. */
export async function sendReplies(tools: ProbeTools, own: readonly OwnThread[]): Promise<SentReply[]> {
  const { source, calls, steps, probeId } = tools;
  const sent: SentReply[] = [];
  const [keyed] = own;
  if (!keyed) return sent;
  const send = async ({ canaryId, threadId }: OwnThread, clientRef: string): Promise<void> => {
    const { callId, outcome, echoed } = await calls.probeReply({ source, canaryId, clientRef });
    const answeredAt = Date.now();
    const { withRef } = await calls.probeThread({ source, threadId, clientRef });
    sent.push({ threadId, clientRef, callId, outcome, seenAtOnce: withRef > 0 });
    const seen = { source, callId, evidence: { clientRef } };
    if (outcome === 'unanswered' && withRef > 0)
      await steps.observe({ ...seen, claim: 'no_answer_nothing_sent', outcome: 'contradicts' });
    if (outcome !== 'accepted') return;
    await steps.observe({ ...seen, claim: 'client_ref_echoed', outcome: echoed ? 'supports' : 'contradicts' });
    const evidence = { clientRef, seenAfterMs: Date.now() - answeredAt };
    if (withRef > 0) await steps.observe({ ...seen, claim: 'reply_visible_in_time', outcome: 'supports', evidence });
  };
  await send(keyed, `${probeId}-key`);
  const { outcome: again } = await calls.probeReply({ source, canaryId: keyed.canaryId, clientRef: `${probeId}-key` });
  for (const reply of sent) reply.again = again;
  for (let number = 1; number <= SENDS; number++) {
    const thread = own[number % own.length];
    if (thread) await send(thread, `${probeId}-${number}`);
  }
  return sent;
}

/** Looks for the replies once more, when each that was going to be executed has been. */
export async function lookForReplies(
  { source, calls, steps, timing }: ProbeTools,
  sent: readonly SentReply[],
): Promise<void> {
  const lookedAfterMs = timing.probeReplyWaitMs;
  for (const { threadId, clientRef, callId, outcome, seenAtOnce, again } of sent) {
    const { withRef } = await calls.probeThread({ source, threadId, clientRef });
    const seen = { source, callId, evidence: { clientRef, executed: withRef, lookedAfterMs } };
    if (again !== undefined) {
      const claim = 'idempotency_key_honoured';
      // A request that was not taken sends nothing whatever its key: one reply speaks for keys only where both were taken.
      if (withRef > 1) await steps.observe({ ...seen, claim, outcome: 'contradicts' });
      else if (withRef === 1 && outcome === 'accepted' && again === 'accepted')
        await steps.observe({ ...seen, claim, outcome: 'supports' });
      continue; // sent twice: its own outcome says nothing about one request
    }
    if (outcome === 'accepted' && withRef === 0)
      await steps.observe({ ...seen, claim: 'reply_visible_in_time', outcome: 'contradicts' });
    if (outcome !== 'unanswered' || seenAtOnce) continue;
    if (withRef === 0) await steps.observe({ ...seen, claim: 'no_answer_nothing_sent', outcome: 'supports' });
    await steps.observe({ ...seen, claim: 'unseen_reply_not_sent', outcome: withRef > 0 ? 'contradicts' : 'supports' });
  }
}
