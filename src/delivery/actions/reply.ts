import { limitPassed } from '../../domain/reply-guards.js';
import { triage } from '../../domain/triage.js';
import { endMessage, escalateMessage } from '../../ledger/lifecycles.js';
import { claimAnswer, repliesSince, writeReply } from '../../ledger/outbox.js';
import { submissionOf } from '../../ledger/same-submission.js';
import { type Acted, type Acting, type Deciding, ENDED } from './context.js';

/** Writes the reply for the activity that sends it, once for all copies of the message. */
export async function reply(
  { tx, message, now }: Acting,
  { template, text }: { template: string; text: string },
  correspondent: string | null,
): Promise<Acted> {
  if (!(await claimAnswer(tx, message, now))) return already({ tx, message, now });
  await writeReply(tx, message, { template, text, state: 'pending', correspondent, now });
  return { kind: 'reply' };
}

export async function already({ tx, message, now }: Pick<Deciding, 'tx' | 'message' | 'now'>): Promise<Acted> {
  await escalateMessage(tx, message, 'already_answered', now);
  return ENDED;
}

/**
 * Why no automatic reply may go to this message, whatever a playbook chose: ends it and says so, or null. Its newest words are looked
 * at again, since headers can come with an edit.
 */
export async function refuseReply(
  { tx, message, thread, content, sending, now, timing, mailers }: Deciding,
  correspondent: string | null,
): Promise<Acted | null> {
  const { kind } = sending;
  if (kind !== 'dashboard') {
    await escalateMessage(tx, message, 'channel_without_reply', now, `source of kind ${kind}`);
    return ENDED;
  }
  const { from, headers } = content;
  // A reply goes into the thread, which is the mailer's: nothing shows that the customer would read it.
  const byMailer =
    (await submissionOf(tx, message.id))?.way === 'mail'
      ? 'a form that came by mail: its sender is the mailer'
      : from?.kind === 'email' && mailers?.has(from.value.toLowerCase())
        ? 'its sender is the mailer of a form'
        : null;
  if (byMailer !== null) {
    await escalateMessage(tx, message, 'channel_without_reply', now, byMailer);
    return ENDED;
  }
  // Whether it comes from ourselves was asked when it was taken up.
  const verdict = triage({
    channel: message.channel,
    from,
    headers,
    hasBody: true,
    threadStatus: thread.status,
    ownAddresses: new Set(),
  });
  if ('end' in verdict) {
    if (verdict.end === 'escalated') await escalateMessage(tx, message, verdict.reason, now, verdict.evidence);
    else {
      const { id: messageId, carry } = message;
      const { reason, evidence } = verdict;
      await endMessage(tx, { messageId, carry, disposition: 'ignored', reason, evidence, now });
    }
    return ENDED;
  }
  const since = new Date(now.getTime() - timing.replyLimitMs);
  const passed = limitPassed(await repliesSince(tx, message, correspondent, since), timing);
  if (passed === null) return null;
  await escalateMessage(tx, message, 'reply_limit', now, passed);
  return ENDED;
}
