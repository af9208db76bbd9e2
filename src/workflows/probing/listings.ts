import { askPage, DAY_MS, HOUR_MS, iso, type ProbeTools, secondBefore } from './tools.js';

/** Probes that read the list and write nothing. */

const WIDE_MS = DAY_MS + HOUR_MS;
const NARROW_MS = HOUR_MS;
const NARROW_SAMPLE = 120;
/** Small pages make many of them out of a small list. */
const SMALL_PAGE = 3;
const SMALL_PAGES = 30;
const REPEATS = 15;
const MOST_PAGES = 5;

/** Is a limit above the documented most refused, or cut in silence? */
export async function probeLimit({ source, calls, steps, now }: ProbeTools): Promise<void> {
  const at = now();
  const page = await calls.probeListing({ source, since: iso(at - WIDE_MS), until: iso(at), limit: 101 });
  await steps.observe({
    source,
    claim: 'limit_above_100_refused',
    outcome: page.refused === 'parameters' ? 'supports' : 'contradicts',
    callId: page.callId,
    evidence: { limit: 101, rows: page.rows },
  });
}

/** A cursor that is left to age, and the listing that it belongs to. */
export interface AgingCursor {
  afterCall: string;
  since: string;
  until: string;
  /** When it had been given out; ms. */
  at: number;
}

/** Reads the list in small pages, which the ledger is then judged by. Gives the cursor of the first one, where there is one. */
export async function probePages(tools: ProbeTools): Promise<AgingCursor | null> {
  const { source, timing, now } = tools;
  const at = now();
  const [since, until] = [iso(at - timing.horizonMs), iso(at)];
  const query = { source, since, until, limit: SMALL_PAGE };
  let page = await askPage(tools, query);
  const first = page.more ? { afterCall: page.callId, since, until, at: now() } : null;
  for (let read = 1; page.more && read < SMALL_PAGES; read++) {
    page = await askPage(tools, { ...query, afterCall: page.callId });
    if (page.refused) break;
  }
  return first;
}

/** Uses a cursor that has aged, in the listing that gave it out: with other parameters a refusal would say nothing of its age. */
export async function probeCursor({ source, calls, steps, now }: ProbeTools, cursor: AgingCursor): Promise<void> {
  const { at, ...position } = cursor;
  const ageMs = now() - at;
  const page = await calls.probeListing({ source, ...position, limit: SMALL_PAGE });
  if (page.refused === 'parameters') return;
  await steps.observe({
    source,
    claim: 'cursor_lives',
    outcome: page.refused === 'cursor' ? 'contradicts' : 'supports',
    callId: page.callId,
    evidence: { ageMs },
  });
}

/** Whether one of the first pages of a window shows a thread. */
async function shows(tools: ProbeTools, threadId: string, from: number, to: number): Promise<boolean> {
  const query = { source: tools.source, since: iso(from), until: iso(to), limit: 100, expectThread: threadId };
  let page = await askPage(tools, query);
  for (let read = 1; !page.shown && page.more && read < MOST_PAGES; read++)
    page = await askPage(tools, { ...query, afterCall: page.callId });
  return page.shown;
}

/**
 * Does a window of an hour around the creation of a known thread list it? A miss counts only where a window of 24 hours lists
 * the thread and one that is a second narrower does not, twice: all other reasons for a miss are alike in both.
 */
export async function probeNarrowWindows(tools: ProbeTools): Promise<void> {
  const { source, steps } = tools;
  let listed = 0;
  for (const { threadId, createdAt } of await steps.sampleSettled({ source, limit: NARROW_SAMPLE })) {
    const from = secondBefore(Date.parse(createdAt));
    if (await shows(tools, threadId, from, from + NARROW_MS)) {
      listed += 1;
      continue;
    }
    if (!(await shows(tools, threadId, from, from + DAY_MS))) continue;
    const almost = from + DAY_MS - 1000;
    if ((await shows(tools, threadId, from, almost)) || (await shows(tools, threadId, from, almost))) continue;
    const evidence = { threadId, from: iso(from), to: iso(almost) };
    await steps.observe({ source, claim: 'narrow_windows_list_all', outcome: 'contradicts', evidence });
    return;
  }
  const evidence = { threads: listed, widthMs: NARROW_MS };
  if (listed > 0)
    await steps.observe({ source, claim: 'narrow_windows_list_all', outcome: 'supports', cases: listed, evidence });
}

/** Is a window that begins a millisecond after a thread was created taken as it is? */
export async function probePrecision(tools: ProbeTools): Promise<void> {
  const { source, steps } = tools;
  for (const { threadId, createdAt } of await steps.samplePrecise({ source, limit: 6 })) {
    const created = Date.parse(createdAt);
    const to = secondBefore(created) + 1000;
    const claim = {
      source,
      claim: 'window_to_the_millisecond',
      evidence: { threadId, since: iso(created + 1) },
    } as const;
    if (await shows(tools, threadId, created + 1, to)) await steps.observe({ ...claim, outcome: 'contradicts' });
    else if (await shows(tools, threadId, created, to)) await steps.observe({ ...claim, outcome: 'supports' });
  }
}

/** Asks for one wide window again and again; an empty answer between two that are not is found in the ledger. */
export async function probeRepeats(tools: ProbeTools): Promise<void> {
  const { source, calls, steps } = tools;
  const [thread] = await steps.sampleSettled({ source, limit: 1 });
  if (!thread) return;
  const from = secondBefore(Date.parse(thread.createdAt)) - HOUR_MS;
  const query = { source, since: iso(from), until: iso(from + WIDE_MS), limit: 100 };
  for (let asked = 0; asked < REPEATS; asked++) await calls.probeListing(query);
}

/** Of the oldest and of the newest. */
const ATTACHMENTS = 10;

/** Attachments of old and new messages: there as long as the message is, as long as announced, in the first answer. */
export async function probeAttachments({ source, calls, steps }: ProbeTools): Promise<void> {
  const missing: { callId: string; messageId: string; threadId: string }[] = [];
  let isOffered = false;
  for (const { attachmentId, messageId, threadId } of await steps.sampleAttachments({ source, limit: ATTACHMENTS })) {
    const { callId, kind, bytes, announced } = await calls.weighAttachment({ source, attachmentId });
    if (kind === 'none') {
      missing.push({ callId, messageId, threadId });
      continue;
    }
    isOffered = true;
    const seen = { source, callId, evidence: { attachmentId, kind } };
    const direct = kind === 'link' ? 'contradicts' : 'supports';
    await steps.observe({ ...seen, claim: 'attachment_stays', outcome: 'supports' });
    await steps.observe({ ...seen, claim: 'attachment_in_first_answer', outcome: direct });
    if (bytes === null || announced === null) continue;
    // A length that differs counts where it differs twice alike: an answer that was cut is another matter.
    const again = bytes === announced ? bytes : (await calls.weighAttachment({ source, attachmentId })).bytes;
    if (again !== bytes) continue;
    const outcome = bytes === announced ? 'supports' : 'contradicts';
    const evidence = { attachmentId, bytes, announced };
    await steps.observe({ source, callId, claim: 'attachment_size', outcome, evidence });
  }
  // Where no attachment at all is given out, the installation does not offer them: the contract allows that.
  for (const { callId, messageId, threadId } of isOffered ? missing : []) {
    const { shown } = await calls.probeThread({ source, threadId, expectMessage: messageId });
    if (shown)
      await steps.observe({
        source,
        callId,
        claim: 'attachment_stays',
        outcome: 'contradicts',
        evidence: { messageId },
      });
  }
}
