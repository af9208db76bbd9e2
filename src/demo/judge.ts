import type { BackfillReport } from '../assurance/backfill/report.js';
import type { Sql } from '../ledger/database.js';
import { truthAt } from '../simulator/truth.js';
import type { World } from '../simulator/world.js';
import type { NaiveIntake } from './naive-poller.js';

export interface TruthMonth {
  /** By the stamp that the provider gives, as 2026-01. UTC. */
  month: string;
  messages: number;
  /** Of these, held by the naive intake. */
  held: number;
  inbound: number;
  heldInbound: number;
}

/** What the provider really holds, and what the naive intake had of it. */
export interface Truth {
  messages: number;
  held: number;
  missing: number;
  inbound: number;
  multiplier: number;
  /** What automation carried, of all that customers wrote. */
  automationShare: number;
  months: TruthMonth[];
}

export interface TruthOfYear {
  obtainable: string[];
  figures: Truth;
}

/** The one place of the show that asks the truth: after the year has ended. */
export function truthOf(world: World, { at, naive }: { at: number; naive: NaiveIntake }): TruthOfYear {
  const { obtainable } = truthAt(world, at, at);
  const months = new Map<string, TruthMonth>();
  for (const id of obtainable) {
    const message = world.message(id);
    const month = new Date(world.visibility.receivedAt(message, at)).toISOString().slice(0, 7);
    const row = months.get(month) ?? { month, messages: 0, held: 0, inbound: 0, heldInbound: 0 };
    const [isHeld, isInbound] = [Number(naive.takenAt.has(id)), Number(message.direction === 'inbound')];
    months.set(month, {
      month,
      messages: row.messages + 1,
      held: row.held + isHeld,
      inbound: row.inbound + isInbound,
      heldInbound: row.heldInbound + isHeld * isInbound,
    });
  }
  const sorted = [...months.values()].sort((a, b) => (a.month < b.month ? -1 : 1));
  const sum = (pick: (month: TruthMonth) => number) => sorted.reduce((total, month) => total + pick(month), 0);
  const [messages, held, inbound] = [obtainable.length, sum((one) => one.held), sum((one) => one.inbound)];
  const figures = {
    messages,
    held,
    missing: messages - held,
    inbound,
    multiplier: messages / Math.max(1, held),
    automationShare: obtainable.filter((id) => naive.carried.has(id)).length / Math.max(1, inbound),
    months: sorted,
  };
  return { obtainable, figures };
}

/** What the report of the backfill, and the ledger after it, say otherwise than the truth. */
export async function judge(
  db: Sql,
  { source, truth, report }: { source: string; truth: TruthOfYear; report: BackfillReport },
): Promise<string[]> {
  const said: string[] = [];
  const { figures, obtainable } = truth;
  if (!report.whole) said.push('the backfill left something out');
  if (report.multiplier !== figures.multiplier)
    said.push(`multiplier ${report.multiplier}, in truth ${figures.multiplier}`);
  const reported = report.months.map(
    ({ month, shown, known, shownInbound, knownInbound }): TruthMonth => ({
      month,
      messages: shown,
      held: known,
      inbound: shownInbound,
      heldInbound: knownInbound,
    }),
  );
  if (JSON.stringify(reported) !== JSON.stringify(figures.months))
    said.push('the months of the report are not those of the truth');
  const lacking = await db.$queryRaw<{ id: string }[]>`
    SELECT id FROM unnest(${obtainable}::text[]) AS row (id)
    WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.source = ${source} AND m.provider_message_id = row.id)`;
  if (lacking.length > 0) said.push(`${lacking.length} messages are missing after the backfill`);
  return said;
}
