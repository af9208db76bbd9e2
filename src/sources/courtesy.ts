import type { Clock } from '../domain/clock.js';
import type { Timing } from '../domain/timing.js';
import type { Sql } from '../ledger/database.js';
import { blockSource } from '../ledger/pacers.js';

/** How long a source is left alone after an answer that asks for it. Absurd values are capped, absent ones have a default. */
export const pauseMs = (
  retryAfterMs: number | undefined,
  timing: Pick<Timing, 'retryAfterDefaultMs' | 'retryAfterMaxMs'>,
): number => Math.min(retryAfterMs ?? timing.retryAfterDefaultMs, timing.retryAfterMaxMs);

export interface CourtesyDeps {
  db: Sql;
  clock: Clock;
  timing: Pick<Timing, 'retryAfterDefaultMs' | 'retryAfterMaxMs'>;
  /** Lets the source's pacer look now. */
  wake(source: string): Promise<unknown>;
}

/**
 * What the calls of one process know of their sources before the ledger does. The pause that a provider asks for holds in this process
 * from the head of the answer on, and in every other one from the commit that follows at once; its body is not waited for.
 */
export interface Courtesy {
  /** Milliseconds that are left of a pause; 0 where there is none. */
  restOf(source: string): number;
  /** The head of an answer asked for a pause. Never rejects: what cannot be written now is written with the end of the call. */
  pause(source: string, retryAfterMs: number | undefined): Promise<void>;
  /** Something happened that the pacer should see soon: a failure, or a send. */
  stir(source: string): void;
}

const STIR_EVERY_MS = 2_000;

export function createCourtesy({ db, clock, timing, wake }: CourtesyDeps): Courtesy {
  const paused = new Map<string, number>();
  const stirred = new Map<string, number>();
  const restOf = (source: string) => Math.max(0, (paused.get(source) ?? 0) - clock.now().getTime());
  return {
    restOf,
    async pause(source, retryAfterMs) {
      const isFirst = restOf(source) === 0;
      const until = clock.now().getTime() + pauseMs(retryAfterMs, timing);
      paused.set(source, Math.max(until, paused.get(source) ?? 0));
      await blockSource(db, source, new Date(until)).catch(() => undefined);
      if (isFirst) await wake(source).catch(() => undefined); // the pacer looks by itself too, a little later
    },
    stir(source) {
      const now = clock.now().getTime();
      if (now - (stirred.get(source) ?? 0) < STIR_EVERY_MS) return;
      stirred.set(source, now);
      wake(source).catch(() => undefined);
    },
  };
}
