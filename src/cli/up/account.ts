import { checkBalance } from '../../assurance/balance.js';
import { readStatus } from '../../assurance/status.js';
import type { Database } from '../../ledger/database.js';
import { readSource } from '../../ledger/sources.js';
import { compareWithTruth } from '../demo-account.js';

/** What `up --once` ends with, as one JSON object on the last line. */
export interface Account {
  source: string;
  at: string;
  /** Numbers only where a truth ledger exists. */
  obtainable: number | null;
  unobtainable: number | null;
  stored: number;
  ended: number;
  answered: number;
  escalated: number;
  waiting: number;
  parked: number;
  missing: number | null;
  /** Twin groups with more than one executed reply; null in observe. */
  answeredTwice: number | null;
  balanced: boolean;
  /** Replies of ours that the provider executed; null without a truth ledger. */
  repliesExecuted: number | null;
  residuals: Record<string, string[]>;
  missingIds: string[];
  calls: number;
  seconds: number;
}

export interface AccountInput {
  db: Database;
  source: string;
  at: Date;
  now: Date;
  seconds: number;
  /** The simulated provider, which has a truth ledger. */
  simulator: { url: string; controlToken: string } | null;
}

const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((total, n) => total + n, 0);

export async function drawAccount({ db, source, at, now, seconds, simulator }: AccountInput): Promise<Account> {
  const [status, balance, { mode }] = [await readStatus(db, now), await checkBalance(db), await readSource(db, source)];
  const truth = simulator ? await compareWithTruth(db, simulator, at) : null;
  return {
    source,
    at: at.toISOString(),
    obtainable: truth?.obtainable ?? null,
    unobtainable: truth?.unobtainable ?? null,
    stored: status.stored,
    ended: sum(status.ended),
    answered: status.ended['answered'] ?? 0,
    escalated: status.ended['escalated'] ?? 0,
    waiting: sum(status.waiting),
    parked: status.parked.intake + status.parked.lifecycle,
    missing: truth?.missing ?? null,
    answeredTwice: truth?.answeredTwice ?? (mode === 'observe' ? null : await twiceByClientRef(db)),
    balanced: balance.balanced && status.inFlight === 0,
    repliesExecuted: truth?.repliesExecuted ?? null,
    residuals: Object.fromEntries(
      balance.equations.filter((one) => one.residuals > 0).map((one) => [one.name, one.residual]),
    ),
    missingIds: truth?.missingIds ?? [],
    calls: status.calls.made,
    seconds,
  };
}

/** Without a truth ledger: groups for which the provider shows more than one reply of ours. */
async function twiceByClientRef(db: Database): Promise<number> {
  const [row] = await db.$queryRaw<{ n: number }[]>`
    SELECT count(*)::int AS n FROM (
      SELECT answered.twin_group_id FROM message reply
      JOIN outbox o ON o.client_ref = reply.client_ref JOIN message answered ON answered.id = o.message_id
      WHERE reply.direction = 'outbound' GROUP BY 1 HAVING count(*) > 1) AS twice`;
  return row?.n ?? 0;
}

export const isInOrder = (account: Account): boolean =>
  account.balanced && (account.missing ?? 0) === 0 && (account.answeredTwice ?? 0) === 0;
