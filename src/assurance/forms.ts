import type { FormCoverage } from '../domain/form-coverage.js';
import type { Form } from '../domain/forms.js';
import type { Mode } from '../domain/states.js';
import type { Timing } from '../domain/timing.js';
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

type Verdict = Pick<FormStatus, 'verdict' | 'until' | 'missing' | 'ranges'>;

const UNKNOWN: Verdict = { verdict: 'unknown', until: null, missing: null, ranges: [] };

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
      ...(await judge(db, form, context)),
      ...(await countsOf(db, form.source)),
      refused: await refusalsOf(db, form.source),
    })),
  );

async function judge(db: Sql, form: Form, { now, timing }: { now: Date; timing: Timing }): Promise<Verdict> {
  const { source } = form;
  switch (form.reconciliation.by) {
    case 'list': {
      const until = await listReadUntil(db, source);
      return isStale(until, now, timing)
        ? { ...UNKNOWN, until }
        : { ...UNKNOWN, verdict: 'complete', until, missing: 0 };
    }
    case 'sequence': {
      const { missing, ranges, highest } = await findSequenceGaps(
        db,
        source,
        new Date(now.getTime() - timing.formGapMs),
      );
      if (highest === null) return UNKNOWN;
      return { verdict: missing > 0 ? 'gaps' : 'complete', until: highest.at, missing, ranges };
    }
    case 'canary': {
      const [last] = await db.$queryRaw<{ cameAt: Date | null }[]>`
        SELECT came_at AS "cameAt" FROM form_canary WHERE source = ${source} AND (came_at IS NOT NULL OR due_at <= ${now})
        ORDER BY submitted_at DESC LIMIT 1`;
      return last ? { ...UNKNOWN, verdict: last.cameAt ? 'sampled' : 'gaps', until: last.cameAt } : UNKNOWN;
    }
    case 'none':
      return UNKNOWN;
  }
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
