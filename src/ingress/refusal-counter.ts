import type { Clock } from '../domain/clock.js';
import type { Sql } from '../ledger/database.js';

export interface RefusalCounter<Cause extends string> {
  add(source: string, cause: Cause): void;
  /** Resolves when everything that was added is in the ledger, or was given up. */
  flushed(): Promise<void>;
}

export interface RefusalCounterDeps<Cause extends string> {
  db: Sql;
  clock: Clock;
  /** Writes the line of the log. */
  say(source: string, reason: Cause, count: number): void;
  /** Adds to the count of a day in the ledger. */
  count(db: Sql, source: string, cause: Cause, count: number, now: Date): Promise<void>;
}

/**
 * Counts what was refused, by cause and day. A flood costs one statement at a time and not one for each delivery: what is added
 * while one is under way goes with the next.
 */
export function createRefusalCounter<Cause extends string>({
  db,
  clock,
  say,
  count: write,
}: RefusalCounterDeps<Cause>): RefusalCounter<Cause> {
  let pending = new Map<string, { source: string; cause: Cause; count: number }>();
  let running: Promise<void> | null = null;

  async function run(): Promise<void> {
    while (pending.size > 0) {
      const counted = [...pending.values()];
      pending = new Map();
      for (const { source, cause, count } of counted) {
        say(source, cause, count);
        await write(db, source, cause, count, clock.now()).catch(() => undefined); // the line above still says it
      }
    }
    running = null;
  }

  return {
    add(source, cause) {
      const key = `${source} ${cause}`;
      const known = pending.get(key);
      if (known) known.count += 1;
      else pending.set(key, { source, cause, count: 1 });
      running ??= run();
    },
    flushed: async () => {
      await running;
    },
  };
}
