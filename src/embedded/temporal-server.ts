import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { WaybillError } from '../domain/failures.js';
import { isServing } from './grpc-health.js';
import { holdersIn } from './holders.js';
import { withLock } from './lock.js';
import { assertPortIsFree } from './ports.js';
import { identityOf, isAlive, type ProcessIdentity, parseIdentity } from './process-identity.js';
import { serverArguments, type TemporalSettings } from './temporal-arguments.js';
import { waitUntil } from './wait-until.js';

export interface TemporalOptions extends TemporalSettings {
  /** Path of the Temporal CLI. */
  executable: string;
  /** Folder for the log, the pid file and the lock; by default the data folder, or a temporary one for a server in memory. */
  runDir?: string;
  log: (line: string) => void;
}

export interface RunningTemporal {
  /** host:port of the gRPC frontend. */
  address: string;
  /** Address of the Web UI; null where it is switched off. */
  uiUrl: string | null;
  logFile: string;
  /** True where the server ran already with the same arguments. */
  adopted: boolean;
  /** Ends this use; the server stops when no other running process uses it. */
  stop(): Promise<void>;
}

interface Running extends ProcessIdentity {
  args: string[];
}

const FRONTEND = 'temporal.api.workflowservice.v1.WorkflowService';
const LOCK_WAIT_MS = 60_000;
const START_LIMIT_MS = 30_000;
const TERM_LIMIT_MS = 8_000;

const pidFileIn = (folder: string): string => join(folder, 'temporal.json');

const readRunning = (folder: string): Running | null => {
  if (!existsSync(pidFileIn(folder))) return null;
  const text = readFileSync(pidFileIn(folder), 'utf8');
  const identity = parseIdentity(text);
  if (identity === null || !isAlive(identity)) return null;
  return { ...identity, args: (JSON.parse(text) as { args?: string[] }).args ?? [] };
};

/** Stops the server whose pid file lies in this folder, whoever uses it; nothing happens where none of ours runs. */
export const haltTemporal = async (folder: string): Promise<void> => {
  const running = readRunning(folder);
  if (running !== null) {
    process.kill(running.pid, 'SIGTERM');
    const ended = () => !isAlive(running);
    if (!(await waitUntil(ended, { timeoutMs: TERM_LIMIT_MS, everyMs: 20 }))) {
      process.kill(running.pid, 'SIGKILL');
      await waitUntil(ended, { timeoutMs: TERM_LIMIT_MS, everyMs: 20 });
    }
  }
  rmSync(pidFileIn(folder), { force: true });
};

/** The server picks ports for its inner parts by itself, and ends where another process takes one of them meanwhile. */
const MOST_LAUNCHES = 3;

const launch = async (options: TemporalOptions, folder: string, args: string[], logFile: string): Promise<void> => {
  for (let tries = 1; ; tries++) {
    const problem = await launchOnce(options, folder, args, logFile);
    if (problem === null) return;
    await haltTemporal(folder);
    if (problem.endedAtOnce && tries < MOST_LAUNCHES) continue;
    throw new WaybillError(
      'PrerequisiteMissing',
      `the Temporal server (${options.executable}) did not start, ${problem.sentence}: read the end of ${logFile} for the cause`,
    );
  }
};

interface LaunchProblem {
  sentence: string;
  endedAtOnce: boolean;
}

const launchOnce = async (
  options: TemporalOptions,
  folder: string,
  args: string[],
  logFile: string,
): Promise<LaunchProblem | null> => {
  await assertPortIsFree(options.port, 'Temporal', 'WAYBILL_TEMPORAL_PORT');
  if (options.uiPort !== null)
    await assertPortIsFree(options.uiPort, 'the Temporal Web UI', 'WAYBILL_TEMPORAL_UI_PORT');
  const output = openSync(logFile, 'a');
  const child = spawn(options.executable, args, { detached: true, stdio: ['ignore', output, output], cwd: folder });
  closeSync(output);
  let problem: LaunchProblem | null = null as LaunchProblem | null;
  child.once('error', (error) => {
    problem = { sentence: error.message, endedAtOnce: false };
  });
  child.once('exit', (code, signal) => {
    problem ??= { sentence: `it ended at once with ${signal ?? `exit code ${code}`}`, endedAtOnce: true };
  });
  const identity = child.pid === undefined ? null : identityOf(child.pid);
  if (identity !== null) writeFileSync(pidFileIn(folder), JSON.stringify({ ...identity, args } satisfies Running));
  const settled = async () => problem !== null || (await isServing(options.port, FRONTEND, 1_000));
  const inTime = await waitUntil(settled, { timeoutMs: START_LIMIT_MS, everyMs: 15 });
  child.unref();
  if (inTime) return problem;
  return { sentence: `it was not ready within ${START_LIMIT_MS / 1_000} s`, endedAtOnce: false };
};

/**
 * Starts the Temporal dev server, or adopts the one of ours that runs with the same arguments; one of ours with other
 * arguments that nobody uses any more is stopped first. The server has a process group of its own, so that Ctrl-C in a
 * terminal reaches us alone and we stop it after the workers have drained.
 * @throws ConfigurationInvalid when another process holds a port
 * @throws PrerequisiteMissing when the server does not start; the sentence names its log
 */
export const startTemporal = async (options: TemporalOptions): Promise<RunningTemporal> => {
  const folder = resolve(options.runDir ?? options.dataDir ?? mkdtempSync(join(tmpdir(), 'waybill-temporal-')));
  mkdirSync(folder, { recursive: true });
  const logFile = join(folder, 'temporal.log');
  const lock = join(folder, 'lock');
  const holders = holdersIn(join(folder, 'holders'));
  const args = serverArguments(options);
  return withLock(lock, LOCK_WAIT_MS, async () => {
    const running = readRunning(folder);
    const same = running !== null && JSON.stringify(running.args) === JSON.stringify(args);
    if (running !== null && !same && holders.others()) {
      throw new WaybillError(
        'ConfigurationInvalid',
        `the Temporal server of ${folder} runs with other settings for another waybill process: stop that one first`,
      );
    }
    const adopted = same && (await isServing(options.port, FRONTEND, 5_000));
    if (!adopted) {
      if (running !== null) options.log(`stopping the Temporal server that was left running as process ${running.pid}`);
      await haltTemporal(folder);
      await launch(options, folder, args, logFile);
    }
    holders.join();
    return {
      address: `127.0.0.1:${options.port}`,
      uiUrl: options.uiPort === null ? null : `http://127.0.0.1:${options.uiPort}`,
      logFile,
      adopted,
      stop: () =>
        withLock(lock, LOCK_WAIT_MS, async () => {
          holders.leave();
          if (!holders.others()) await haltTemporal(folder);
        }),
    };
  });
};
