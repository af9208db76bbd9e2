import type { CallCoverage } from '../domain/call-coverage.js';
import type { FormCoverage } from '../domain/form-coverage.js';
import type { Form, Reconciliation } from '../domain/forms.js';
import type { Timing } from '../domain/timing.js';
import { endlessCalls, lastComparison } from '../ledger/call-comparison.js';
import { claimVerdictAt } from '../ledger/claims.js';
import type { Sql } from '../ledger/database.js';
import { judgeForm } from './forms.js';

/** What is known of what a pushed channel may never have brought. */
export interface PushedCoverage {
  source: string;
  /** What is pushed: submissions of a form, or the statuses of our calls. */
  channel: 'form' | 'phone';
  provedBy: Reconciliation['by'];
  verdict: FormCoverage | CallCoverage;
  /** The instant until which the verdict holds; null where none is known. */
  until: Date | null;
  /** What never came; null where nobody can know. */
  missing: number | null;
  because: string;
}

export interface PushedContext {
  forms: readonly Form[];
  /** This source only; null for all. */
  source: string | null;
  at: Date;
  timing: Timing;
}

/** Every pushed channel that the ledger knew at an instant, or that is configured: without a proof that all came it reads unknown. */
export async function readPushedCoverage(db: Sql, context: PushedContext): Promise<PushedCoverage[]> {
  const { forms, source, at } = context;
  const bound = await db.$queryRaw<{ name: string; kind: string }[]>`
    SELECT name, kind FROM source WHERE kind IN ('forms', 'phone') AND created_at <= ${at}`;
  const names = new Set([
    ...bound.filter(({ kind }) => kind === 'forms').map(({ name }) => name),
    ...forms.map((form) => form.source),
  ]);
  const ofForms = [...names].sort().map((name) => coverageOfForm(db, name, context));
  const ofPhones = bound.filter(({ kind }) => kind === 'phone').map(({ name }) => coverageOfCalls(db, name, context));
  const all = await Promise.all([...ofForms, ...ofPhones]);
  return all.filter((one) => source === null || one.source === source);
}

async function coverageOfForm(db: Sql, source: string, { forms, at, timing }: PushedContext): Promise<PushedCoverage> {
  const form = forms.find((one) => one.source === source);
  const shared = { source, channel: 'form' as const, provedBy: form?.reconciliation.by ?? ('none' as const) };
  if (!form)
    return { ...shared, verdict: 'unknown', until: null, missing: null, because: 'no form of it is configured here' };
  const { verdict, until, missing, because } = await judgeForm(db, form, { now: at, timing });
  return { ...shared, verdict, until, missing, because };
}

/** Periods without a comparison after which nobody can say any more that both sides hold the same. */
const STALE_PERIODS = 4;

async function coverageOfCalls(db: Sql, source: string, { at, timing }: PushedContext): Promise<PushedCoverage> {
  const last = await lastComparison(db, source, at);
  const until = last?.begunAt ?? null;
  const line = (verdict: CallCoverage, missing: number | null, because: string): PushedCoverage => ({
    ...{ source, channel: 'phone', provedBy: 'list', verdict, until, missing, because },
  });
  if (last === null) return line('unknown', null, 'the list of calls was never compared with ours');
  if (at.getTime() - last.begunAt.getTime() > STALE_PERIODS * timing.callReconcileEveryMs)
    return line('unknown', null, 'the list of calls was not compared with ours lately');
  if ((await claimVerdictAt(db, source, 'call_listed_in_time', at)) === 'refuted')
    return line('unknown', null, 'the list lacked calls that the provider had accepted: claim call_listed_in_time');
  const acceptedBefore = new Date(last.begunAt.getTime() - timing.callLongestMs);
  const endless = await endlessCalls(db, { provider: source, acceptedBefore, at });
  const troubles = [
    ...(last.missing > 0 ? [`${last.missing} of ours not in the list`] : []),
    ...(last.strange > 0 ? [`${last.strange} of the list unknown to us`] : []),
    ...(endless.length > 0 ? [`${endless.length} without an end`] : []),
  ];
  return troubles.length > 0
    ? line('gaps', last.missing + last.strange + endless.length, `calls: ${troubles.join(', ')}`)
    : line('complete', 0, 'the list of calls was compared with ours, and every status taken over');
}
