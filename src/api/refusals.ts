import type { Clock } from '../domain/clock.js';
import type { HintRefusal } from '../domain/hints.js';
import { createRefusalCounter, type RefusalCounter } from '../ingress/refusal-counter.js';
import type { Sql } from '../ledger/database.js';
import { countRefusals } from '../ledger/hints.js';
import type { Logger } from '../telemetry/logger.js';

/** What a refused delivery of a provider is answered with. */
export const REFUSAL_STATUS: Record<HintRefusal, number> = {
  forged: 401,
  stale: 401,
  oversized: 413,
  unreadable: 400,
  too_many: 429,
  unknown_source: 404,
};

/** Counts refused deliveries of providers by cause and day, and says them in the log. */
export const providerRefusals = ({
  db,
  clock,
  log,
}: {
  db: Sql;
  clock: Clock;
  log: Logger;
}): RefusalCounter<HintRefusal> =>
  createRefusalCounter({
    db,
    clock,
    count: countRefusals,
    say: (source, reason: HintRefusal, count) => log.warn({ event: 'hint.refused', source, reason, count }),
  });
