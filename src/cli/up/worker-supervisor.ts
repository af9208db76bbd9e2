import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../../config/layers.js';
import { WaybillError } from '../../domain/failures.js';
import { note } from '../output.js';
import { type Child, startChild } from './child.js';

const CLI = fileURLToPath(new URL('../main.js', import.meta.url));
/** A worker that ends so often in a row is not started again. */
const MOST_RESTARTS = 5;

export interface SupervisorOptions {
  env: NodeJS.ProcessEnv;
  logs: string;
  children: string;
  drainMs: number;
}

export interface Supervisor {
  /** Gives the worker what it cannot know before the servers run; until then it has loaded its code and waits. */
  begin(settings: Environment): void;
  /** Resolves when the worker takes tasks. */
  ready: Promise<unknown>;
  /** Rejects, in one sentence, when there will be no worker. */
  failed: Promise<never>;
  stop(): Promise<void>;
}

/** Keeps one worker running: after a crash it is started again, a little later each time. */
export function superviseWorker({ env, logs, children, drainMs }: SupervisorOptions): Supervisor {
  let stopping = false;
  let settings: Environment | null = null;
  let child: Child;
  let fail: (error: Error) => void = () => {};
  let markReady: (value: unknown) => void = () => {};
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined); // raced wherever somebody waits
  const ready = new Promise<unknown>((resolve) => {
    markReady = resolve;
  });
  const start = (restarts: number): void => {
    const args = ['worker', '--trigger', '--await-settings'];
    child = startChild({
      module: CLI,
      args,
      env,
      logFile: join(logs, 'worker.log'),
      identityFile: join(children, 'worker.json'),
    });
    if (settings) child.send(settings);
    let wasReady = false;
    child.ready.then(
      () => {
        wasReady = true;
        markReady(undefined);
      },
      (error: unknown) => {
        if (stopping || wasReady || (restarts > 0 && restarts < MOST_RESTARTS)) return;
        const cause = error instanceof Error ? error.message : String(error);
        fail(new WaybillError('PrerequisiteMissing', `The worker did not start: ${cause}`));
      },
    );
    void child.ended.then(async (code) => {
      if (stopping || (!wasReady && (restarts === 0 || restarts >= MOST_RESTARTS))) return;
      note(`The worker ended (${code === null ? 'by a signal' : `exit code ${code}`}); it is started again.`);
      await pause(wasReady ? 200 : 1_000 * restarts);
      if (!stopping) start(wasReady ? 1 : restarts + 1);
    });
  };
  start(0);
  return {
    ready,
    failed,
    begin(given) {
      settings = given;
      child.send(given);
    },
    async stop() {
      stopping = true;
      await child.stop(drainMs + 5_000);
    },
  };
}
