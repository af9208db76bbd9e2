import { DEFAULT_TIMING, type Timing } from '../domain/timing.js';
import type { Database } from '../ledger/database.js';
import { ensurePartitions } from '../ledger/partitions.js';
import { bindSource } from '../ledger/sources.js';
import type { World } from '../simulator/world.js';
import { NAIVE_INSERTS } from './naive-inserts.js';
import { type NaiveIntake, type NaivePollerOptions, pollNaively } from './naive-poller.js';
import { type NaiveRows, naiveRows } from './naive-rows.js';

const DAY_MS = 86_400_000;
/** Rows of one statement. */
const BATCH = 2_000;

export interface NaiveFill extends NaivePollerOptions {
  db: Database;
  world: World;
  /** Name of the source; `simulator` unless given. It is bound in `observe`, as every real one is at first. */
  source?: string;
  /** Where the provider is, as the source's binding has it. */
  origin?: string;
  timing?: Timing;
  progress?(done: number, of: number): void;
}

/**
 * Fills an empty ledger as the original system would have over a time: its listings, calls, threads and messages, each first seen
 * at the virtual instant at which that poller saw it. Readings that brought nothing are left out; the rows are those that the
 * recording functions of the ledger would have written for the same answers (test/integration/demo holds the two together), written
 * in batches, because a year of them one transaction each would take an hour.
 */
export async function fillByNaivePoller(fill: NaiveFill): Promise<NaiveIntake> {
  const intake = pollNaively(fill.world, fill);
  await recordNaively(intake, fill);
  return intake;
}

/** The part of the filling that writes. */
export async function recordNaively(intake: NaiveIntake, fill: Omit<NaiveFill, 'world'>): Promise<void> {
  const { db, from, to, source = 'simulator', origin = 'http://127.0.0.1', timing = DEFAULT_TIMING } = fill;
  for (let at = from; at < to + 31 * DAY_MS; at += 28 * DAY_MS)
    await ensurePartitions((sql) => db.run(sql), new Date(at));
  const begunAt = new Date(from - intake.windowMs);
  const { mailboxGroup } = await bindSource(db, {
    name: source,
    kind: 'dashboard',
    origin,
    mailboxGroup: 'main',
    ratePerSecond: 10,
    firstMode: 'observe',
    mode: 'observe',
    answerFrom: null,
    now: begunAt,
  });
  await db.$executeRaw`UPDATE source SET enumerated_at = ${begunAt} WHERE name = ${source}`;
  const rows = await naiveRows(db, intake, { source, mailboxGroup, timing });
  const total = Object.values(rows).reduce((sum, table) => sum + table.length, 0);
  let done = 0;
  for (const [table, insert] of Object.entries(NAIVE_INSERTS)) {
    const all = rows[table as keyof NaiveRows];
    for (let begin = 0; begin < all.length; begin += BATCH) {
      const batch = all.slice(begin, begin + BATCH);
      await insert(db, JSON.stringify(batch));
      done += batch.length;
      fill.progress?.(done, total);
    }
  }
}
