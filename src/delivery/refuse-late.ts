import type { Timing } from '../domain/timing.js';
import { ProviderFailure } from '../sources/source.js';

/**
 * A stop of sending holds within two seconds: a process that stood still since it asked for one asks again. Nothing has left.
 * @throws ProviderFailure SourceTimeout
 */
export function refuseLate(sinceMs: number, { stopWithinMs }: Timing): void {
  if (sinceMs > stopWithinMs)
    throw new ProviderFailure('SourceTimeout', 'The request was begun so late that sending may be stopped by now.');
}
