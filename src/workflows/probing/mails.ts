import { askPage, DAY_MS, HOUR_MS, iso, type ProbeTools, secondBefore } from './tools.js';

/** Probes that write as a customer, on threads which their own mail opens. */

const MAILS = 3;
const PAGE = 5;
const PAGES_BEFORE = 6;
const PAGES_AFTER = 3;
/** Clocks of the provider and ours may differ by so much. */
const SKEW_MS = 60_000;

export interface OwnThread {
  canaryId: string;
  threadId: string;
  sentAt: number;
}

/**
 * Opens threads while a listing is being read: pages that hold still show no row twice. Gives the threads that the provider knows
 * by their id a moment later.
 */
export async function openThreads(tools: ProbeTools): Promise<OwnThread[]> {
  const { source, calls, steps, timing, now } = tools;
  const query = { source, since: iso(now() - timing.horizonMs), until: iso(now() + DAY_MS), limit: PAGE };
  const further = (afterCall: string) => askPage(tools, { ...query, afterCall });
  let page = await askPage(tools, query);
  // A new thread moves the rows below it alone, and not every list puts it on top.
  for (let read = 1; page.more && read < PAGES_BEFORE; read++) {
    const next = await further(page.callId);
    if (!next.more) break;
    page = next;
  }
  const mails: { canaryId: string; sentAt: string }[] = [];
  for (let written = 0; written < MAILS; written++)
    mails.push(await steps.writeMail({ source, purpose: 'probe', originAgeMs: 0 }));
  let next = page.more ? await further(page.callId) : null;
  // After a page that came short, the rows that moved stand a page or two further on.
  for (let read = 1; next?.more && !next.repeats && read < PAGES_AFTER; read++) next = await further(next.callId);
  const own: OwnThread[] = [];
  for (const { canaryId, sentAt } of mails) {
    const { threadId } = await calls.findThread({ source, canaryId });
    if (threadId === null) continue;
    await calls.probeThread({ source, threadId, canaryIds: [canaryId] }); // whether it is complete shows in later readings
    own.push({ canaryId, threadId, sentAt: Date.parse(sentAt) });
  }
  if (next && !next.refused && next.rows > 0) {
    // Pages hold still only where something was there to move them: one of the new threads has to be in the list by now.
    const isListed = own.length > 0 && (await listedAmong(tools, own)).length > 0;
    const seen = { source, claim: 'pages_hold_still', callId: next.callId, evidence: { written: MAILS } } as const;
    if (next.repeats) await steps.observe({ ...seen, outcome: 'contradicts' });
    else if (isListed) await steps.observe({ ...seen, outcome: 'supports' });
  }
  return own;
}

/** Those that a wide listing shows, whatever it filters on. */
async function listedAmong(tools: ProbeTools, own: readonly OwnThread[]): Promise<OwnThread[]> {
  const { source, now } = tools;
  const listed: OwnThread[] = [];
  for (const one of own) {
    const [since, until] = [iso(one.sentAt - DAY_MS), iso(now() + HOUR_MS)];
    const page = await askPage(tools, { source, since, until, limit: 100, expectThread: one.threadId });
    if (page.shown) listed.push(one);
  }
  return listed;
}

/** Writes a second mail on each thread, with an old Date header: where does it stand, what is its stamp, who lists the thread? */
export async function probeSecondMails(tools: ProbeTools, own: readonly OwnThread[]): Promise<void> {
  const { source, calls, steps, timing, pause } = tools;
  const listed = new Set((await listedAmong(tools, own)).map((one) => one.threadId));
  for (const { canaryId, threadId, sentAt } of own) {
    const originAgeMs = timing.canaryOriginAgeMs;
    const later = await steps.writeMail({ source, purpose: 'probe', continues: canaryId, originAgeMs });
    await pause(1_000);
    const canaryIds = [canaryId, later.canaryId];
    const { callId, places, receiptLagsMs } = await calls.probeThread({ source, threadId, canaryIds });
    const [before, after] = places;
    if (before != null && after != null) {
      const outcome = after < before ? 'supports' : 'contradicts';
      const evidence = { place: after, placeOfEarlier: before, originAgeMs };
      await steps.observe({ source, claim: 'newest_arrival_first', outcome, callId, evidence });
    }
    const lagMs = receiptLagsMs[1];
    if (lagMs != null) {
      const outcome = Math.abs(lagMs) <= SKEW_MS ? 'supports' : 'contradicts';
      const evidence = { lagMs, originAgeMs };
      await steps.observe({ source, claim: 'received_at_is_receipt', outcome, callId, evidence });
    }
    const laterAt = secondBefore(Date.parse(later.sentAt)) - 2_000;
    if (!listed.has(threadId) || sentAt > laterAt - 2_000) continue;
    const window = { since: iso(laterAt), until: iso(laterAt + DAY_MS + HOUR_MS) };
    const page = await askPage(tools, { source, ...window, limit: 100, expectThread: threadId });
    const outcome = page.shown ? 'supports' : 'contradicts';
    const evidence = { threadId, ...window };
    await steps.observe({ source, claim: 'list_by_activity', outcome, callId: page.callId, evidence });
  }
}
