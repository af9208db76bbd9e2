import { type Reading, uncoveredSince } from '../domain/coverage.js';
import { type Interval, overlaps } from '../domain/interval.js';
import { quenchAlarm, raiseAlarm } from './alarms.js';
import type { Sql } from './database.js';
import type { ListingGap } from './windows.js';

interface GapWindow {
  id: string;
  source: string;
  endAt: Date;
  openedAt: Date;
  horizonMs: number;
}

interface GapEvidence {
  from: string;
  to: string;
  because: string;
  windowId: string;
  /** Only listings begun since then cover it. */
  since: string;
}

const intervalOf = ({ from, to }: { from: string; to: string }): Interval => ({
  from: Date.parse(from),
  to: Date.parse(to),
});

/** Gaps that touch are one condition: a provider that is away leaves one alarm, not one for each listing that failed. */
function joined(gaps: readonly ListingGap[]): ListingGap[] {
  const whole: ListingGap[] = [];
  for (const gap of [...gaps].sort((a, b) => a.from.localeCompare(b.from))) {
    const last = whole.at(-1);
    if (last && gap.from <= last.to && gap.because === last.because) last.to = gap.to > last.to ? gap.to : last.to;
    else whole.push({ ...gap });
  }
  return whole;
}

/**
 * Raises the alarm of each covering gap of a window, and quenches those that listings have covered since. A listing that lacks
 * threads which we hold is said only when the next window finds the same: mostly they were deleted, and the visits in between say so.
 */
export async function sayListingGaps(
  tx: Sql,
  window: GapWindow,
  gaps: readonly ListingGap[],
  readings: readonly Reading[],
  now: Date,
): Promise<void> {
  const { source } = window;
  const covering = joined(gaps.filter((gap) => gap.covering));
  const before = covering.some((gap) => gap.because === 'ListingContradicted') ? await gapsBefore(tx, window) : [];
  for (const gap of covering) {
    const isNew = !before.some((one) => overlaps(intervalOf(one), intervalOf(gap)));
    if (gap.because === 'ListingContradicted' && isNew) continue;
    const { from, to, because } = gap;
    const evidence: GapEvidence = { from, to, because, windowId: window.id, since: window.openedAt.toISOString() };
    await raiseAlarm(tx, { kind: 'listing_gap', source, subject: from, evidence: { ...evidence }, now });
  }
  const open = await tx.$queryRaw<{ subject: string; evidence: GapEvidence }[]>`
    SELECT subject, evidence FROM alarm
    WHERE kind = 'listing_gap' AND source = ${source} AND state IN ('open', 'acknowledged')`;
  for (const { subject, evidence } of open) {
    const { from, to } = intervalOf(evidence);
    const due = { from: Math.max(from, window.endAt.getTime() - window.horizonMs), to };
    if (due.from < due.to && uncoveredSince(due, readings, Date.parse(evidence.since)).length > 0) continue;
    await quenchAlarm(tx, { kind: 'listing_gap', source, subject, now });
  }
}

/** What the window before could not exhaust. */
async function gapsBefore(tx: Sql, window: GapWindow): Promise<ListingGap[]> {
  const [row] = await tx.$queryRaw<{ gaps: ListingGap[] }[]>`
    SELECT account -> 'gaps' AS gaps FROM poll_window
    WHERE source = ${window.source} AND id <> ${window.id}::uuid AND closed_at IS NOT NULL ORDER BY opened_at DESC LIMIT 1`;
  return row?.gaps ?? [];
}
