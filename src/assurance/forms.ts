import type { FormCoverage } from '../domain/form-coverage.js';
import type { Form } from '../domain/forms.js';
import type { Mode } from '../domain/states.js';
import type { Timing } from '../domain/timing.js';
import { claimVerdictAt } from '../ledger/claims.js';
import type { Sql } from '../ledger/database.js';
import { isStale, listReadUntil } from '../ledger/form-rounds.js';
import { findSequenceGaps } from '../ledger/form-sequence.js';

export interface FormStatus {
  form: string;
  source: string;
  /** Null until its first delivery. */
  mode: Mode | null;
  reconciledBy: Form['reconciliation']['by'];
  verdict: FormCoverage;
  /** The instant until which the verdict holds; null where none is known. */
  until: Date | null;
  /** Submissions that never came; null where nobody can know. */
  missing: number | null;
  /** Why it is so. */
  because: string;
  /** Missing numbers of the sequence. */
  ranges: string[];
  /** Submissions that came by webhook, that only the list showed, and that only a mail brought. */
  pushed: number;
  onlyListed: number;
  onlyMailed: number;
  parked: number;
  /** Deliveries that were not taken, by cause. */
  refused: Record<string, number>;
}

export type FormVerdict = Pick<FormStatus, 'verdict' | 'until' | 'missing' | 'ranges' | 'because'>;

const unknown = (because: string, until: Date | null = null): FormVerdict => ({
  ...{ verdict: 'unknown', until, missing: null, ranges: [], because },
});

/** Per form what came, by which way, and what is known of the rest. Reads the ledger alone; what nobody can know reads unknown. */
export const readFormStatus = (
  db: Sql,
  forms: readonly Form[],
  context: { now: Date; timing: Timing },
): Promise<FormStatus[]> =>
  Promise.all(
    forms.map(async (form) => ({
      form: form.name,
      source: form.source,
      mode: await modeOfForm(db, form.source),
      reconciledBy: form.reconciliation.by,
      ...(await judgeForm(db, form, context)),
      ...(await countsOf(db, form.source)),
      refused: await refusalsOf(db, form.source),
    })),
  );

/** After so many periods without a canary that was due nobody can say any more that submissions come. */
const SILENT_PERIODS = 3;

/** What was known at `now` of the submissions of a form that may never have come. What nobody can know reads unknown. */
export async function judgeForm(
  db: Sql,
  form: Form,
  { now, timing }: { now: Date; timing: Timing },
): Promise<FormVerdict> {
  const { source } = form;
  switch (form.reconciliation.by) {
    case 'list':
      return judgeList(db, source, now, timing);
    case 'sequence':
      return judgeSequence(db, source, now, timing);
    case 'canary':
      return judgeCanary(db, source, now, timing);
    case 'none':
      return unknown('nothing is configured that could prove it');
  }
}

async function judgeList(db: Sql, source: string, now: Date, timing: Timing): Promise<FormVerdict> {
  const until = await listReadUntil(db, source, now);
  if (until === null) return unknown('the list was never read to its end');
  if (isStale(until, now, timing)) return unknown('the list was not read to its end lately', until);
  if ((await claimVerdictAt(db, source, 'list_holds_pushed', now)) === 'refuted')
    return unknown('the list lacked submissions that a webhook had brought: claim list_holds_pushed', until);
  return { verdict: 'complete', until, missing: 0, ranges: [], because: 'the list was read to its end' };
}

async function judgeSequence(db: Sql, source: string, now: Date, timing: Timing): Promise<FormVerdict> {
  const settled = new Date(now.getTime() - timing.formGapMs);
  const { missing, ranges, highest } = await findSequenceGaps(db, source, { settled, at: now });
  if (highest === null) return unknown('no submission with a number has come yet');
  if ((await claimVerdictAt(db, source, 'sequence_numbers_once', now)) === 'refuted')
    return unknown('numbers were given twice: claim sequence_numbers_once', highest.at);
  const because =
    missing > 0
      ? `below ${highest.number} these never came: ${ranges.join(', ')}`
      : `no number is missing below ${highest.number}`;
  return { verdict: missing > 0 ? 'gaps' : 'complete', until: highest.at, missing, ranges, because };
}

async function judgeCanary(db: Sql, source: string, now: Date, timing: Timing): Promise<FormVerdict> {
  const [last] = await db.$queryRaw<{ submittedAt: Date; cameAt: Date | null }[]>`
    SELECT submitted_at AS "submittedAt", CASE WHEN came_at <= ${now} THEN came_at END AS "cameAt" FROM form_canary
    WHERE source = ${source} AND submitted_at <= ${now} AND (came_at <= ${now} OR due_at <= ${now})
    ORDER BY submitted_at DESC LIMIT 1`;
  if (!last) return unknown('no canary was due yet');
  const { submittedAt, cameAt } = last;
  if (cameAt === null) return { ...unknown(`the canary of ${submittedAt.toISOString()} never came`), verdict: 'gaps' };
  if (now.getTime() - submittedAt.getTime() > SILENT_PERIODS * timing.canaryEveryMs)
    return unknown('no canary was sent lately', cameAt);
  return { ...unknown('the newest canary came; of the rest nobody can know', cameAt), verdict: 'sampled' };
}

async function modeOfForm(db: Sql, source: string): Promise<Mode | null> {
  const [row] = await db.$queryRaw<{ mode: Mode }[]>`SELECT mode FROM source WHERE name = ${source}`;
  return row?.mode ?? null;
}

async function countsOf(
  db: Sql,
  source: string,
): Promise<Pick<FormStatus, 'pushed' | 'onlyListed' | 'onlyMailed' | 'parked'>> {
  const [counts] = await db.$queryRaw<{ pushed: number; onlyListed: number; onlyMailed: number; parked: number }[]>`
    SELECT count(DISTINCT item) FILTER (WHERE way = 'direct' AND state = 'mapped' AND pushed_at IS NOT NULL)::int AS pushed,
           count(DISTINCT item) FILTER (WHERE way = 'direct' AND state = 'mapped' AND pushed_at IS NULL)::int AS "onlyListed",
           (SELECT count(*)::int FROM submission s JOIN message m ON m.id = s.message_id
            WHERE s.source = ${source} AND s.way = 'mail' AND m.reason IS DISTINCT FROM 'same_submission'
              AND NOT EXISTS (SELECT 1 FROM message other WHERE other.other_message_id = m.id AND other.reason = 'same_submission'))
             AS "onlyMailed",
           (SELECT count(*)::int FROM park WHERE source = ${source} AND kind = 'submission' AND state = 'parked') AS parked
    FROM submission WHERE source = ${source}`;
  return counts ?? { pushed: 0, onlyListed: 0, onlyMailed: 0, parked: 0 };
}

async function refusalsOf(db: Sql, source: string): Promise<Record<string, number>> {
  const rows = await db.$queryRaw<{ cause: string; count: number }[]>`
    SELECT cause, sum(count)::int AS count FROM form_refusal WHERE source = ${source} GROUP BY cause ORDER BY cause`;
  return Object.fromEntries(rows.map(({ cause, count }) => [cause, count]));
}
