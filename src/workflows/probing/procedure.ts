import {
  type AgingCursor,
  probeAttachments,
  probeCursor,
  probeLimit,
  probeNarrowWindows,
  probePages,
  probePrecision,
  probeRepeats,
} from './listings.js';
import { type OwnThread, openThreads, probeSecondMails } from './mails.js';
import { lookForReplies, type SentReply, sendReplies } from './replies.js';
import type { ProbeTools } from './tools.js';

/**
 * An active probe of a source: reading requests first, then mail and replies where they are possible, one long wait for what
 * shows late, and the last looks. Gives whether mail could be written. Every request is an activity of its own behind everything live. The verdicts are drawn afterwards.
 */
export async function probeActively(tools: ProbeTools): Promise<{ canWrite: boolean }> {
  const { source, steps, timing, pause, part, now } = tools;
  const { canWrite, canReply } = await steps.openProbe({ source });
  let cursor = null as AgingCursor | null;
  await part('limits of a page', () => probeLimit(tools));
  await part('pages of the list', async () => {
    cursor = await probePages(tools);
  });
  await part('narrow windows', () => probeNarrowWindows(tools));
  await part('precision of a window', () => probePrecision(tools));
  await part('repeated listings', () => probeRepeats(tools));
  await part('attachments', () => probeAttachments(tools));

  let own: OwnThread[] = [];
  let sent: SentReply[] = [];
  if (canWrite) {
    await part('threads of our own', async () => {
      own = await openThreads(tools);
    });
    await pause(timing.probeSettleMs);
    await part('late mail on them', () => probeSecondMails(tools, own));
    if (canReply)
      await part('replies', async () => {
        sent = await sendReplies(tools, own);
      });
  }
  const waits = [
    cursor ? cursor.at + timing.probeCursorWaitMs : 0,
    sent.length > 0 ? now() + timing.probeReplyWaitMs : 0,
  ];
  const rest = Math.max(...waits) + 1_000 - now();
  if (rest > 0) {
    tools.say(`waits ${Math.ceil(rest / 1_000)} seconds for a cursor to age and for what shows late`);
    await pause(rest);
  }
  const aged = cursor;
  if (aged) await part('an old cursor', () => probeCursor(tools, aged));
  await part('replies, once more', () => lookForReplies(tools, sent));
  return { canWrite };
}
