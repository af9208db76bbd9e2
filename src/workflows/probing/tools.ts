import type { ProbeCalls, ProbedPage } from '../../activities/probe-calls.js';
import type { ProbeSteps } from '../../activities/probe-steps.js';
import type { ProbeListingInput } from '../../contracts/probe-steps.js';
import type { Timing } from '../../domain/timing.js';

/**
 * What the procedure of an active probe is made of. A workflow gives it activities and durable timers; the same procedure runs on a
 * clock that is turned by hand, without Temporal (bench/proofs/probes.ts).
 */
export interface ProbeTools {
  source: string;
  /** Names the run: the client_refs of its replies derive from it. */
  probeId: string;
  timing: Timing;
  calls: ProbeCalls;
  steps: ProbeSteps;
  now(): number;
  pause(ms: number): Promise<void>;
  /** What is under way, for people. */
  say(line: string): void;
  /** A part that cannot be carried through is left out: its claims stay as they are. */
  part(name: string, work: () => Promise<void>): Promise<void>;
}

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
export const iso = (instantMs: number): string => new Date(instantMs).toISOString();
export const secondBefore = (instantMs: number): number => Math.floor(instantMs / 1000) * 1000;

const ASKED = 4;

/**
 * A page of the list. One without rows is asked for again: an empty answer where there are threads is a fault of its own, and
 * must not look like another one.
 */
export async function askPage({ calls }: ProbeTools, query: ProbeListingInput): Promise<ProbedPage> {
  let page = await calls.probeListing(query);
  for (let asked = 1; page.rows === 0 && !page.refused && asked < ASKED; asked++)
    page = await calls.probeListing(query);
  return page;
}
