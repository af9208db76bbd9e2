import type { Timing } from '../timing.js';

const MINUTE_MS = 60_000;

/** Shares of the silence with two digits: "17 %", "0.5 %". */
export const percent = (share: number): string => `${Number((100 * share).toPrecision(share < 1 ? 2 : 3))} %`;

/** The guarantee in words, the same wherever it is shown. */
export function sayGuarantee(share: number, wantedShare: number, timing: Timing): string {
  const minutes = Number((timing.visitMinGapMs / MINUTE_MS).toPrecision(2));
  const words = `a message is found at most ${minutes} min or ${percent(share)} of its silence late`;
  return share > wantedShare * 1.01 ? `${words}, stretched from ${percent(wantedShare)}` : words;
}
