import type { Clock } from '../domain/clock.js';
import type { HintRefusal } from '../domain/hints.js';
import type { Sql } from '../ledger/database.js';
import { countRefusals } from '../ledger/hints.js';
import type { Logger } from '../telemetry/logger.js';

export interface RefusalCounter {
  add(source: string, cause: HintRefusal): void;
  /** Resolves when everything that was added is in the ledger, or was given up. */
  flushed(): Promise<void>;
}

/**
 * Counts what was refused, by cause and day. A flood costs one statement at a time and not one for each delivery: what is added
 * while one is under way goes with the next.
 */
export function createRefusalCounter({ db, clock, log }: { db: Sql; clock: Clock; log: Logger }): RefusalCounter {
  let pending = new Map<string, { source: string; cause: HintRefusal; count: number }>();
  let running: Promise<void> | null = null;

  async function run(): Promise<void> {
    while (pending.size > 0) {
      const counted = [...pending.values()];
      pending = new Map();
      for (const { source, cause, count } of counted) {
        log.warn({ event: 'hint.refused', source, reason: cause, count });
        await countRefusals(db, source, cause, count, clock.now()).catch(() => undefined); // the line above still says it
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
