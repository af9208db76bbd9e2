import { expect, it } from 'vitest';
import type { ProbeCalls, ProbedPage, ProbedReply } from '../../../src/activities/probe-calls.js';
import type { ProbeSteps } from '../../../src/activities/probe-steps.js';
import type { ObserveInput, ProbeListingInput } from '../../../src/contracts/probe-steps.js';
import { DEFAULT_TIMING } from '../../../src/domain/timing.js';
import { probeActively } from '../../../src/workflows/probing/procedure.js';
import { lookForReplies, sendReplies } from '../../../src/workflows/probing/replies.js';
import type { ProbeTools } from '../../../src/workflows/probing/tools.js';

/** What a probe concludes from answers of a provider that are written out here, without one. */

const own = { canaryId: 'c1', threadId: 't1', sentAt: 0 };

function toolsFor(calls: Partial<ProbeCalls>, steps: Partial<ProbeSteps> = {}) {
  const observed: ObserveInput[] = [];
  const clock = { at: Date.parse('2026-06-15T12:00:00Z') };
  const tools: ProbeTools = {
    source: 'dashboard',
    probeId: 'probe',
    timing: DEFAULT_TIMING,
    calls: calls as ProbeCalls,
    steps: { ...steps, observe: async (one: ObserveInput) => void observed.push(one) } as ProbeSteps,
    now: () => clock.at,
    pause: async (ms) => {
      clock.at += ms;
    },
    say: () => {},
    part: async (_name, work) => work(),
  };
  return { tools, clock, of: (claim: string) => observed.filter((one) => one.claim === claim) };
}

/** One reply is sent twice under one key; the thread shows it so often. */
async function keyed(first: ProbedReply['outcome'], second: ProbedReply['outcome'], shown: number) {
  const sent: string[] = [];
  const { tools, of } = toolsFor({
    probeReply: async ({ clientRef }) => {
      const outcome = sent.includes(clientRef) ? second : first;
      sent.push(clientRef);
      return { callId: 'call', outcome, echoed: true };
    },
    probeThread: async ({ clientRef = '' }) => {
      const withRef = clientRef.endsWith('-key') ? shown : 1;
      return { callId: 'call', gone: false, shown: false, withRef, places: [], receiptLagsMs: [] };
    },
  });
  await lookForReplies(tools, await sendReplies(tools, [own]));
  return of('idempotency_key_honoured').map((one) => one.outcome);
}

it('a key is honoured only where both requests were taken and one reply shows', async () => {
  expect(await keyed('accepted', 'accepted', 1)).toEqual(['supports']);
  for (const refused of ['unclear', 'unanswered'] as const) {
    expect(await keyed('accepted', refused, 1)).toEqual([]);
    expect(await keyed(refused, 'accepted', 1)).toEqual([]);
  }
  expect(await keyed('accepted', 'unanswered', 2)).toEqual(['contradicts']);
  expect(await keyed('accepted', 'accepted', 0)).toEqual([]);
});

/** Only listings are answered; the first takes so long, and the aged cursor meets this. */
async function agedCursor(refused: ProbedPage['refused']) {
  const listings: ProbeListingInput[] = [];
  const asked: number[] = [];
  const { tools, clock, of } = toolsFor(
    {
      probeListing: async (query) => {
        listings.push(query);
        asked.push(clock.at);
        if (listings.length === 1) clock.at += 3_600_000; // behind everything live
        const isAged = query.afterCall === 'call 2' && listings.length > 40;
        return {
          callId: `call ${listings.length}`,
          rows: 3,
          more: true,
          shown: false,
          repeats: false,
          refused: isAged ? refused : null,
        };
      },
    },
    {
      openProbe: async () => ({ canWrite: false, canReply: false, now: '' }),
      sampleSettled: async ({ limit }) =>
        limit === 1 ? [{ threadId: 't1', createdAt: '2026-06-01T00:00:00.000Z' }] : [],
      samplePrecise: async () => [],
      sampleAttachments: async () => [],
    },
  );
  await probeActively(tools);
  const heldMs = (asked.at(-1) ?? 0) - (asked[1] ?? 0);
  return { first: listings[1], last: listings.at(-1), heldMs, said: of('cursor_lives') };
}

it('a cursor has its whole age when it is used again, in the listing that gave it out', async () => {
  const { first, last, heldMs, said } = await agedCursor('cursor');
  expect(last).toEqual({ ...first, afterCall: 'call 2' });
  expect(said).toMatchObject([{ outcome: 'contradicts' }]);
  expect(heldMs).toBeGreaterThanOrEqual(DEFAULT_TIMING.probeCursorWaitMs);
  expect(said[0]?.evidence?.['ageMs']).toBe(heldMs);
  expect((await agedCursor(null)).said).toMatchObject([{ outcome: 'supports' }]);
});

it('a refusal of the parameters says nothing about the age of a cursor', async () => {
  expect((await agedCursor('parameters')).said).toEqual([]);
});
