import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const READY_MS = 60_000;
const STOP_MS = 20_000;

/** The environment of this process without anything that configures Waybill or Temporal, under the values given. */
export const cleanEnvironment = (values: Record<string, string>): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(WAYBILL|TEMPORAL)_/.test(name))),
  NO_COLOR: '1',
  ...values,
});

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunningProcess {
  pid: number;
  /** Resolves with the first message of the child; rejects with what it said when it ends before. */
  ready: Promise<void>;
  ended: Promise<Ended>;
  hasEnded(): boolean;
  kill(signal: NodeJS.Signals): void;
  output(): { stdout: string; stderr: string };
}

export interface SpawnOptions {
  env: NodeJS.ProcessEnv;
  /** A folder without a .env file. */
  cwd: string;
  /** False starts it as a shell does, without a channel to this process. */
  channel?: boolean;
}

/** Runs a module of Node, by default with a channel to this process, so that it ends when this process is killed. */
export function startNode(args: readonly string[], { env, cwd, channel = true }: SpawnOptions): RunningProcess {
  const child: ChildProcess = spawn(process.execPath, [...args], {
    env,
    cwd,
    stdio: ['ignore', 'pipe', 'pipe', channel ? 'ipc' : 'ignore'],
  });
  const seen = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      seen[name] += text;
    });
  }
  let over = false;
  const ended = once(child, 'close').then(([code, signal]) => {
    over = true;
    return { code: code as number | null, signal: signal as NodeJS.Signals | null, ...seen };
  });
  const ready = new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`not ready in time: ${seen.stderr}${seen.stdout}`)), READY_MS);
    child.once('message', () => resolve());
    void ended.then(({ code, signal }) =>
      reject(new Error(`ended with ${signal ?? code}: ${seen.stderr}${seen.stdout}`)),
    );
    ended.finally(() => clearTimeout(late)).catch(() => undefined);
    child.once('message', () => clearTimeout(late));
  });
  ready.catch(() => undefined); // who waits for it hears of it
  return {
    pid: child.pid ?? -1,
    ready,
    ended,
    hasEnded: () => over,
    kill: (signal) => void child.kill(signal),
    output: () => ({ ...seen }),
  };
}

/** Runs one command of the compiled product to its end. */
export const runCommand = (args: readonly string[], options: SpawnOptions): Promise<Ended> =>
  startNode([CLI, ...args], options).ended;

export interface WorkerProcess {
  /** Starts it and waits until it takes tasks. */
  start(args?: readonly string[]): Promise<void>;
  /** Ends it as a crash does; resolves when it is gone. */
  sigkill(): Promise<void>;
  /** Asks it to drain; resolves with how it ended. */
  stop(): Promise<Ended | null>;
  isRunning(): boolean;
  /** Of the process that runs; -1 where none does. */
  pid(): number;
  output(): string;
}

/** The worker of the compiled product, one process at a time. */
export function workerProcess(options: SpawnOptions): WorkerProcess {
  let current: RunningProcess | null = null;
  let said = '';
  const end = async (signal: NodeJS.Signals): Promise<Ended | null> => {
    const running = current;
    if (!running) return null;
    running.kill(signal);
    const late = setTimeout(() => running.kill('SIGKILL'), STOP_MS);
    const ended = await running.ended;
    clearTimeout(late);
    said += ended.stdout + ended.stderr;
    current = null;
    return ended;
  };
  return {
    async start(args = ['--trigger']) {
      current = startNode([CLI, 'worker', ...args], options);
      await current.ready;
    },
    async sigkill() {
      await end('SIGKILL');
    },
    stop: () => end('SIGTERM'),
    isRunning: () => current !== null && !current.hasEnded(),
    pid: () => current?.pid ?? -1,
    output: () => said + Object.values(current?.output() ?? {}).join(''),
  };
}
