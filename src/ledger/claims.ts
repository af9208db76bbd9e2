import {
  CLAIMS,
  type ClaimName,
  claimsOf,
  judge,
  NEWEST,
  type Outcome,
  type Tally,
  type Verdict,
} from '../domain/claims.js';
import type { Timing } from '../domain/timing.js';
import { quenchAlarm, raiseAlarm } from './alarms.js';
import type { Sql } from './database.js';

export interface ClaimRow {
  claim: ClaimName;
  claimed: string;
  observed: string;
  verdict: Verdict;
  /** Ids, counts and instants; never content. */
  evidence: Record<string, unknown>;
  /** When the verdict became what it is. */
  since: Date;
  checkedAt: Date;
}

const NOTHING = 'nothing that bears on it was seen yet';

/** What kind of provider a source is; one that has no row yet is a dashboard. */
export async function kindOf(db: Sql, source: string): Promise<string> {
  const [row] = await db.$queryRaw<{ kind: string }[]>`SELECT kind FROM source WHERE name = ${source}`;
  return row?.kind ?? 'dashboard';
}

/** Every claim about a source in the order of the table; one that was never judged is untested. */
export async function readClaims(db: Sql, source: string, now: Date): Promise<ClaimRow[]> {
  const rows = await db.$queryRaw<ClaimRow[]>`
    SELECT claim, claimed, observed, verdict, evidence, since, checked_at AS "checkedAt" FROM claim WHERE source = ${source}`;
  const known = new Map(rows.map((row) => [row.claim, row]));
  return claimsOf(await kindOf(db, source)).map(
    (claim) =>
      known.get(claim) ?? {
        claim,
        claimed: CLAIMS[claim].claimed,
        observed: NOTHING,
        verdict: 'untested',
        evidence: {},
        since: now,
        checkedAt: now,
      },
  );
}

/** What code that relies on a claim has to ask: what its newest turn by an instant had made of it. One without a turn is untested. */
export async function claimVerdictAt(db: Sql, source: string, claim: ClaimName, at: Date): Promise<Verdict> {
  const [row] = await db.$queryRaw<{ verdict: Verdict }[]>`
    SELECT after AS verdict FROM claim_turn WHERE source = ${source} AND claim = ${claim} AND at <= ${at} ORDER BY at DESC, id DESC LIMIT 1`;
  return row?.verdict ?? 'untested';
}

export interface Observation {
  source: string;
  claim: ClaimName;
  outcome: Outcome;
  /** How many cases of the same kind it stands for. */
  cases: number;
  callId: string | null;
  evidence: Record<string, unknown>;
  now: Date;
}

export async function recordObservation(tx: Sql, one: Observation): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO claim_observation (source, claim, at, outcome, cases, call_id, evidence)
    VALUES (${one.source}, ${one.claim}, ${one.now}, ${one.outcome}, ${one.cases}, ${one.callId}::uuid, ${JSON.stringify(one.evidence)}::jsonb)`;
}

export interface Remembered extends Tally {
  /** The newest cases alone. */
  newest: Tally;
  /** Evidence of the newest case on the side that the verdict falls on. */
  example: Partial<Record<Outcome, Record<string, unknown>>>;
}

/** What probes saw of a claim since an instant. */
export async function rememberedObservations(
  tx: Sql,
  source: string,
  claim: ClaimName,
  since: Date,
): Promise<Remembered> {
  const rows = await tx.$queryRaw<{ outcome: Outcome; n: number; recent: number; evidence: Record<string, unknown> }[]>`
    SELECT outcome, sum(cases)::int AS n, count(*) FILTER (WHERE place <= ${NEWEST})::int AS recent,
           (array_agg(evidence || jsonb_build_object('callId', call_id, 'at', at) ORDER BY place))[1] AS evidence
    FROM (SELECT *, row_number() OVER (ORDER BY at DESC, id DESC) AS place FROM claim_observation
          WHERE source = ${source} AND claim = ${claim} AND at >= ${since}) AS seen
    GROUP BY outcome`;
  const of = (outcome: Outcome) => rows.find((row) => row.outcome === outcome);
  return {
    supports: of('supports')?.n ?? 0,
    contradicts: of('contradicts')?.n ?? 0,
    newest: { supports: of('supports')?.recent ?? 0, contradicts: of('contradicts')?.recent ?? 0 },
    example: Object.fromEntries(rows.map((row) => [row.outcome, row.evidence])),
  };
}

export async function forgetObservations(tx: Sql, source: string, before: Date): Promise<void> {
  await tx.$executeRaw`DELETE FROM claim_observation WHERE source = ${source} AND at < ${before}`;
}

export interface Finding {
  tally: Tally;
  /** What was seen, in one sentence; null leaves the sentence as it was. */
  observed: string | null;
  evidence: Record<string, unknown>;
}

export interface Turn {
  claim: ClaimName;
  before: Verdict;
  after: Verdict;
}

/**
 * Writes what was found about a claim. A verdict that turns from verified to refuted raises an alarm, in the same transaction; the
 * first verdict of a claim is a finding and no turn. Back to verified, the alarm is quenched.
 */
export async function saveFinding(
  tx: Sql,
  source: string,
  claim: ClaimName,
  { tally, observed, evidence }: Finding,
  now: Date,
): Promise<Turn | null> {
  const [known] = await tx.$queryRaw<{ verdict: Verdict; observed: string; evidence: Record<string, unknown> }[]>`
    SELECT verdict, observed, evidence FROM claim WHERE source = ${source} AND claim = ${claim} FOR UPDATE`;
  const before = known?.verdict ?? 'untested';
  const after = judge(claim, tally) ?? before;
  const said = observed ?? known?.observed ?? NOTHING;
  const proof = observed === null ? (known?.evidence ?? {}) : evidence;
  await tx.$executeRaw`
    INSERT INTO claim (source, claim, claimed, observed, verdict, evidence, since, checked_at)
    VALUES (${source}, ${claim}, ${CLAIMS[claim].claimed}, ${said}, ${after}, ${JSON.stringify(proof)}::jsonb, ${now}, ${now})
    ON CONFLICT (source, claim) DO UPDATE
      SET claimed = excluded.claimed, observed = excluded.observed, verdict = excluded.verdict, evidence = excluded.evidence,
          since = CASE WHEN claim.verdict = excluded.verdict THEN claim.since ELSE excluded.since END,
          checked_at = excluded.checked_at`;
  if (after === before) return null;
  await tx.$executeRaw`
    INSERT INTO claim_turn (source, claim, at, before, after, observed, evidence)
    VALUES (${source}, ${claim}, ${now}, ${before}, ${after}, ${said}, ${JSON.stringify(proof)}::jsonb)`;
  if (before === 'verified')
    await raiseAlarm(tx, { kind: 'claim_turned', source, subject: claim, evidence: { before, after, ...proof }, now });
  else if (after === 'verified') await quenchAlarm(tx, { kind: 'claim_turned', source, subject: claim, now });
  return { claim, before, after };
}

export interface Reliance {
  /** Least width of a listing that counts as coverage, in milliseconds. */
  coveringWidthMs: number;
  /** Whether received_at counts as the receipt. */
  receiptUsed: boolean;
  /** Whether a reply in doubt may be sent again under its Idempotency-Key. */
  resendAllowed: boolean;
  /** Whether a listing may stand for visits, because it shows every thread with activity. */
  listReplacesVisits: boolean;
}

/**
 * What the source may be relied on for, by the verdicts of this moment: verified claims only, everything else as if the
 * documentation had said nothing. Source: DESIGN law 7.
 */
export async function relianceOn(db: Sql, source: string, timing: Timing): Promise<Reliance> {
  const rows = await db.$queryRaw<{ claim: ClaimName; evidence: Record<string, unknown> }[]>`
    SELECT claim, evidence FROM claim WHERE source = ${source} AND verdict = 'verified'`;
  const verified = new Map(rows.map((row) => [row.claim, row.evidence]));
  const narrow = verified.get('narrow_windows_list_all')?.widthMs;
  return {
    coveringWidthMs: typeof narrow === 'number' ? Math.min(narrow, timing.coveringWidthMs) : timing.coveringWidthMs,
    receiptUsed: verified.has('received_at_is_receipt'),
    resendAllowed: verified.has('idempotency_key_honoured'),
    listReplacesVisits: verified.has('list_by_activity') && verified.has('listed_at_once'),
  };
}

/** What a reading in one second of a reply says little about the next: twice the longest time that was seen, and no less than this. */
const LEAST_VISIBLE_MS = 5_000;
const ENOUGH_SEEN = 3;

/**
 * Time within which an accepted reply shows in its thread, in milliseconds: twice the longest that probes measured of this source,
 * where they verified that it shows and never saw one executed after a look had missed it; else what the configuration says.
 */
export async function visibleWithin(db: Sql, source: string, timing: Timing, now: Date): Promise<number> {
  const [seen] = await db.$queryRaw<{ longestMs: number | null; seen: number }[]>`
    SELECT max((o.evidence ->> 'seenAfterMs')::float8) AS "longestMs", count(o.evidence ->> 'seenAfterMs')::int AS seen
    FROM claim c LEFT JOIN claim_observation o ON o.source = c.source AND o.claim = c.claim AND o.outcome = 'supports'
      AND o.at >= ${new Date(now.getTime() - timing.claimMemoryMs)}
    WHERE c.source = ${source} AND c.claim = 'reply_visible_in_time' AND c.verdict = 'verified'
      AND NOT EXISTS (SELECT 1 FROM claim late WHERE late.source = c.source AND late.claim = 'unseen_reply_not_sent'
                      AND late.verdict = 'refuted')`;
  const longestMs = seen?.longestMs ?? null;
  if (longestMs === null || (seen?.seen ?? 0) < ENOUGH_SEEN) return timing.visibleWithinMs;
  return Math.max(LEAST_VISIBLE_MS, 2 * longestMs);
}
