import { setTimeout as pause } from 'node:timers/promises';
import { seededRandom } from '../../src/simulator/seeded-random.js';
import type { Rig } from '../../test/support/assemble-rig.js';

export interface Killing {
  kills: number;
  /** Endings that are to be expected in all, so that the kills spread over the whole work. */
  endings: number;
  seed: number;
  /** Aborted when the work is over, however it went. */
  signal: AbortSignal;
  say(line: string): void;
}

/** Kills so late leave no work to disturb. */
const LAST_SHARE = 0.9;
const LOOK_MS = 50;

/**
 * SIGKILLs the worker, each after a random number of further endings: whatever it does at that moment is interrupted, and each worker
 * has carried some messages before it is killed.
 */
export async function killWhileItWorks(rig: Rig, { kills, endings, seed, say, signal }: Killing): Promise<void> {
  const random = seededRandom(seed, 'kills');
  for (let kill = 1; kill <= kills; kill++) {
    const wanted = Math.floor(((kill - 1 + random.next()) * endings * LAST_SHARE) / kills);
    let seen = await endedInbound(rig);
    for (; seen < wanted; seen = await endedInbound(rig)) await pause(LOOK_MS, undefined, { signal });
    say(`kill ${kill} of ${kills}, after ${seen} endings`);
    await rig.worker.sigkill();
    await rig.worker.start();
  }
}

const endedInbound = async (rig: Rig): Promise<number> =>
  (
    await rig.query<{ n: number }>`
      SELECT count(*)::int AS n FROM message WHERE direction = 'inbound' AND state = 'ended'`
  )[0]?.n ?? 0;
