import { setTimeout as pause } from 'node:timers/promises';

const EVERY_MS = 60;

/** Asks until the answer is neither null nor undefined nor false, and gives it. @throws when time is over */
export async function eventually<T>(
  /** Said when time is over. */
  what: string | (() => string),
  ask: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  { withinMs = 40_000 }: { withinMs?: number } = {},
): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (performance.now() >= end) {
      throw new Error(`${typeof what === 'string' ? what : what()}: not within ${withinMs} ms`);
    }
    await pause(EVERY_MS);
  }
}
