import { setTimeout as pause } from 'node:timers/promises';
import { WaybillError } from '../../domain/failures.js';

export const LEVELS = {
  ok: 'as it should be',
  warning: 'works, and will bite somebody',
  problem: 'does not work, or will not',
  unknown: 'could not be looked at, for the stated reason',
} as const;
export type Level = keyof typeof LEVELS;

export interface Finding {
  check: string;
  level: Level;
  /** One sentence: what was found. */
  what: string;
  /** One sentence: what to do about it; null where nothing is to be done, or `what` says it. */
  todo: string | null;
}

type Found = Omit<Finding, 'check'>;

export interface Check {
  name: string;
  look(): Promise<Found | Found[]>;
}

export const fine = (what: string): Found => ({ level: 'ok', what, todo: null });
export const warning = (what: string, todo: string): Found => ({ level: 'warning', what, todo });
export const problem = (what: string, todo: string): Found => ({ level: 'problem', what, todo });
export const unknown = (what: string, todo: string | null = null): Found => ({ level: 'unknown', what, todo });

/** Stands in the place of one that needs what cannot be reached. */
export const notLookedAt = (name: string, because: string): Check => ({
  name,
  look: async () => unknown(`Not looked at: ${because}.`),
});

/**
 * Looks at everything side by side, each within `limitMs`: one that fails or hangs is a finding of its own and hides no other.
 * In the order of `checks`, whatever ends first.
 */
export async function examine(
  checks: readonly Check[],
  { limitMs, done }: { limitMs: number; done: (name: string) => void },
): Promise<Finding[]> {
  const found = await Promise.all(
    checks.map(async ({ name, look }) => {
      const findings = await within(limitMs, look);
      done(name);
      return findings.map((one) => ({ check: name, ...one }));
    }),
  );
  return found.flat();
}

async function within(limitMs: number, look: Check['look']): Promise<Found[]> {
  const late = new AbortController();
  try {
    const found = await Promise.race([look(), pause(limitMs, null, { signal: late.signal })]);
    if (found === null)
      return [
        problem(
          `It did not answer within ${limitMs / 1_000} s.`,
          'See whether what it asks is overloaded, stopped or behind a firewall.',
        ),
      ];
    return [found].flat();
  } catch (error) {
    if (error instanceof WaybillError) return [{ level: 'problem', what: error.message, todo: null }];
    return [
      problem(
        `It failed: ${error instanceof Error ? error.message : String(error)}.`,
        'Run it again with WAYBILL_LOG_LEVEL=debug, and report it if it stays.',
      ),
    ];
  } finally {
    late.abort();
  }
}
