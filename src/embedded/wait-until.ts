import { setTimeout as pause } from 'node:timers/promises';

/**
 * Asks until the answer is yes or the time is over, and says which.
 * Monotonic time: a clock that is set in between neither shortens nor stretches the wait.
 */
export const waitUntil = async (
  condition: () => boolean | Promise<boolean>,
  { timeoutMs, everyMs }: { timeoutMs: number; everyMs: number },
): Promise<boolean> => {
  const end = performance.now() + timeoutMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() >= end) return false;
    await pause(everyMs);
  }
};
