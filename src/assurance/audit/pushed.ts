import { type Bounds, clopperPearson } from '../../domain/audit/beta.js';
import { type Capture, CONFIDENCE, type FrameFigure, frameFigure, type Pointer } from '../../domain/audit/figures.js';
import type { Form, Reconciliation } from '../../domain/forms.js';
import { lastComparison } from '../../ledger/call-comparison.js';
import type { Sql } from '../../ledger/database.js';
import { findSequenceGaps } from '../../ledger/form-sequence.js';
import { canariesDue, lastListAudit } from '../../ledger/pushed-audits.js';
import { submissionsListed } from '../../ledger/pushed-submissions.js';
import type { PushedContext } from '../pushed-coverage.js';

/** Figure (a) of a pushed channel: the share that is missing of what something else than the push shows. */
export interface PushedLoss extends Bounds {
  estimate: number;
  /** `census`: everything was compared; `sample`: canaries stand for the rest. */
  method: 'census' | 'sample';
  /** What was compared: rows of a list, numbers, canaries. */
  shown: number;
  missed: number;
}

/** The two figures of a pushed channel. They are never merged, and each reads unknown where nothing proves it. */
export interface PushedAudit {
  source: string;
  channel: 'form' | 'phone';
  provedBy: Reconciliation['by'];
  /** Of the reading that was compared; null where there was none. */
  begunAt: Date | null;
  /** Null: unknown. */
  loss: PushedLoss | null;
  frame: FrameFigure;
  /** New to us and not owed yet, held unread, and statuses that only the list told: beside the figures. */
  aside: { late: number; parked: number; recovered: number };
  /** Ids of what was missed, or missing numbers. */
  ids: string[];
}

const NO_FRAME = frameFigure([], []);
const NOTHING = { begunAt: null, loss: null, frame: NO_FRAME, aside: { late: 0, parked: 0, recovered: 0 }, ids: [] };

/** The figures of every pushed channel, or of one, from what was compared by an instant. Reads the ledger alone. */
export async function readPushedAudits(db: Sql, context: PushedContext): Promise<PushedAudit[]> {
  const { forms, source, at } = context;
  const phones = await db.$queryRaw<{ name: string }[]>`
    SELECT name FROM source WHERE kind = 'phone' AND created_at <= ${at} ORDER BY name`;
  const all = await Promise.all([
    ...forms.map((form) => auditOfForm(db, form, context)),
    ...phones.map(({ name }) => auditOfCalls(db, name, context)),
  ]);
  return all.filter((one) => source === null || one.source === source);
}

async function auditOfForm(db: Sql, form: Form, context: PushedContext): Promise<PushedAudit> {
  const { source, reconciliation } = form;
  const shared = { source, channel: 'form' as const, provedBy: reconciliation.by, ...NOTHING };
  switch (reconciliation.by) {
    case 'list':
      return { ...shared, ...(await byList(db, source, context)) };
    case 'sequence':
      return { ...shared, ...(await bySequence(db, source, context)) };
    case 'canary':
      return { ...shared, ...(await byCanary(db, source, context)) };
    case 'none':
      return shared;
  }
}

/** Webhooks and list are two captures of the same submissions: each bounds what the other lacks. */
async function byList(db: Sql, source: string, { at, timing }: PushedContext): Promise<Partial<PushedAudit>> {
  const audit = await lastListAudit(db, source, { at, periodMs: timing.formsEveryMs });
  if (audit === null) return {};
  const { begunAt, sinceAt, shown, missed, late, parked, ids } = audit;
  const { supports, contradicts } = await submissionsListed(db, source, {
    ...{ since: sinceAt, settleMs: timing.formGapMs, at },
  });
  const webhook = { witness: 'webhook', named: supports + contradicts, listed: supports, listings: shown };
  const frame = frameFigure([webhook], await numbersMissing(db, source, { at, settleMs: timing.formGapMs }));
  return { begunAt, loss: census(shown - late, missed), frame, aside: { late, parked, recovered: 0 }, ids };
}

async function bySequence(db: Sql, source: string, { at, timing }: PushedContext): Promise<Partial<PushedAudit>> {
  const settled = new Date(at.getTime() - timing.formGapMs);
  const { missing, numbers, ranges, highest } = await findSequenceGaps(db, source, { settled, at });
  return { begunAt: highest?.at ?? null, loss: census(numbers + missing, missing), ids: ranges };
}

async function byCanary(db: Sql, source: string, { at, timing }: PushedContext): Promise<Partial<PushedAudit>> {
  const since = new Date(at.getTime() - timing.formsHorizonMs);
  const { due, lost, newest } = await canariesDue(db, source, { since, at });
  if (due === 0) return {};
  const bounds = clopperPearson(lost, due, CONFIDENCE);
  return { begunAt: newest, loss: { ...bounds, estimate: lost / due, method: 'sample', shown: due, missed: lost } };
}

/** Of calls the list is compared at every reconciliation, both ways: what the provider accepted is the witness against it. */
async function auditOfCalls(db: Sql, source: string, { at }: PushedContext): Promise<PushedAudit> {
  const shared = { source, channel: 'phone' as const, provedBy: 'list' as const, ...NOTHING };
  const last = await lastComparison(db, source, at);
  if (last === null) return shared;
  const { begunAt, listed, strange, expected, missing, recovered } = last;
  const accepted: Capture = { witness: 'acceptance', named: expected, listed: expected - missing, listings: listed };
  const pointer: Pointer = { witness: 'acceptance', checked: expected, holes: missing, closed: 0, ids: [] };
  return {
    ...{ ...shared, begunAt, loss: census(listed, strange), frame: frameFigure([accepted], [pointer]) },
    aside: { ...NOTHING.aside, recovered },
  };
}

/** Nothing was sampled. Of nothing that was shown nothing is known. */
function census(shown: number, missed: number): PushedLoss | null {
  if (shown <= 0) return null;
  const share = missed / shown;
  return { estimate: share, lower: share, upper: share, method: 'census', shown, missed };
}

/** Numbers that neither list nor webhook brought point at submissions that both lack. */
async function numbersMissing(
  db: Sql,
  source: string,
  { at, settleMs }: { at: Date; settleMs: number },
): Promise<Pointer[]> {
  const settled = new Date(at.getTime() - settleMs);
  const { missing, numbers, ranges } = await findSequenceGaps(db, source, { settled, at });
  if (numbers === 0) return [];
  return [{ witness: 'sequence', checked: numbers + missing, holes: missing, closed: 0, ids: ranges }];
}
