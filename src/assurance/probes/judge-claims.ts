import { CLAIMS, type ClaimName, claimsOf, isPushed, judge, type Verdict } from '../../domain/claims.js';
import type { Clock } from '../../domain/clock.js';
import type { Timing } from '../../domain/timing.js';
import { raiseAlarm } from '../../ledger/alarms.js';
import { overdueCanaries } from '../../ledger/canaries.js';
import {
  type Finding,
  forgetObservations,
  kindOf,
  readClaims,
  recordObservation,
  rememberedObservations,
  saveFinding,
  type Turn,
} from '../../ledger/claims.js';
import type { Database, Sql } from '../../ledger/database.js';
import { withdrawNarrowListings } from '../../ledger/listings.js';
import type { Evidence, Look, Scan, Seen } from './evidence.js';
import { lookAtCalls } from './look-at-calls.js';
import { lookAtForms } from './look-at-forms.js';
import { lookAtLists } from './look-at-lists.js';
import { lookAtMessages } from './look-at-messages.js';
import { lookAtPhone } from './look-at-phone.js';
import { lookAtShapes } from './look-at-shapes.js';
import { sentence } from './words.js';

export type JudgeAccount = Record<Verdict, number> & { turns: Turn[] };

export interface JudgeDeps {
  db: Database;
  clock: Clock;
  timing: Timing;
}

const LOOKS = [lookAtCalls, lookAtLists, lookAtMessages, lookAtShapes] as const;
const PUSHED_LOOKS: Record<string, readonly Look[]> = { forms: [lookAtForms], phone: [lookAtPhone] };

/**
 * Draws a verdict on every claim of a source: from the calls, listings and messages of the last while, and from what probes saw.
 * What contradicts a claim is remembered for as long as `claimMemoryMs`, so that a rare fault does not come and go with the hours;
 * a claim that nothing bears on keeps its verdict.
 */
export async function judgeClaims({ db, clock, timing }: JudgeDeps, source: string): Promise<JudgeAccount> {
  const now = clock.now();
  const kind = await kindOf(db, source);
  // What was pushed is little beside what is polled, and its rows stay: the whole memory of claims is looked at each time.
  const backMs = isPushed(kind) ? timing.claimMemoryMs : timing.probeScanMs;
  const scan: Scan = { source, since: new Date(now.getTime() - backMs), now, timing };
  const evidence: Evidence = {};
  for (const look of PUSHED_LOOKS[kind] ?? LOOKS) Object.assign(evidence, await look(db, scan));
  const since = new Date(now.getTime() - timing.claimMemoryMs);
  return db.transaction(async (tx) => {
    const turns: Turn[] = [];
    for (const claim of claimsOf(kind)) {
      const seen = evidence[claim];
      if (seen && !isPushed(kind)) await remember(tx, scan, claim, seen);
      const turn = await saveFinding(tx, source, claim, await findingOf(tx, source, claim, since, seen), now);
      if (turn) turns.push(turn);
      if (turn?.claim === 'narrow_windows_list_all' && turn.before === 'verified')
        await withdrawNarrowListings(tx, { source, belowMs: timing.coveringWidthMs, now });
    }
    await forgetObservations(tx, source, since);
    for (const { id, dueAt } of await overdueCanaries(tx, source, now, scan.since)) {
      const proof = { canaryId: id, dueAt: dueAt.toISOString() };
      await raiseAlarm(tx, { kind: 'canary_overdue', source, subject: 'canary', evidence: proof, now });
    }
    const rows = await readClaims(tx, source, now);
    const count = (verdict: Verdict) => rows.filter((row) => row.verdict === verdict).length;
    return { verified: count('verified'), refuted: count('refuted'), untested: count('untested'), turns };
  });
}

/** What contradicts outlives the scan; once a day is often enough for what is seen in every one. */
async function remember(
  tx: Sql,
  { source, now, timing }: Scan,
  claim: ClaimName,
  { tally, evidence }: Seen,
): Promise<void> {
  if (tally.contradicts === 0 || CLAIMS[claim].rule === 'most') return;
  const lately = new Date(now.getTime() - timing.probeScanMs / 2);
  const known = await rememberedObservations(tx, source, claim, lately);
  if (known.contradicts > 0) return;
  await recordObservation(tx, {
    source,
    claim,
    outcome: 'contradicts',
    cases: tally.contradicts,
    callId: null,
    evidence: evidence as Record<string, unknown>,
    now,
  });
}

async function findingOf(
  tx: Sql,
  source: string,
  claim: ClaimName,
  since: Date,
  seen: Seen | undefined,
): Promise<Finding> {
  const known = await rememberedObservations(tx, source, claim, since);
  const mine = CLAIMS[claim].rule === 'most' ? known.newest : known;
  // Behaviour that is one way or the other: the cases that a probe made itself count before those that it came across.
  const alone = CLAIMS[claim].rule === 'most' && mine.supports + mine.contradicts > 0;
  const tally = {
    supports: mine.supports + (alone ? 0 : (seen?.tally.supports ?? 0)),
    contradicts: mine.contradicts + (alone ? 0 : (seen?.tally.contradicts ?? 0)),
  };
  if (tally.supports + tally.contradicts === 0) return { tally, observed: null, evidence: {} };
  const side = CLAIMS[claim].rule === 'never' ? tally.contradicts > 0 : tally.contradicts > tally.supports;
  const outcome = side ? 'contradicts' : 'supports';
  const passive = !alone && (seen?.tally[outcome] ?? 0) > 0 ? seen?.evidence : undefined;
  const evidence = {
    ...known.example[outcome],
    ...passive,
    ...(outcome === 'supports' ? { cases: tally.supports } : {}),
  };
  const isEnough = judge(claim, tally) !== null;
  return { tally, observed: sentence(claim, outcome, evidence, isEnough), evidence };
}
