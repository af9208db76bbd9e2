import { type ChildProcess, fork, type Serializable } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { identityOf, isAlive, parseIdentity } from '../../embedded/process-identity.js';
import { waitUntil } from '../../embedded/wait-until.js';

export interface ChildOptions {
  /** Compiled module to run. */
  module: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  logFile: string;
  /** Where its identity is kept, so that the next start finds it after a kill. */
  identityFile: string;
}

export interface Child {
  /** Resolves with the first message of the child, rejects with the end of its log when it ends before. */
  ready: Promise<unknown>;
  /** Resolves when it ends: exit code, or null after a signal. */
  ended: Promise<number | null>;
  send(message: Serializable): void;
  stop(limitMs: number): Promise<void>;
}

/** What a child that ended said last, one sentence; its log is the only place where it can say it. */
function lastLine(logFile: string, from: number): string {
  const text = existsSync(logFile) ? readFileSync(logFile, 'utf8').slice(from) : '';
  return text.trim().split('\n').at(-1) ?? '';
}

/**
 * A process of ours in a group of its own, so that Ctrl-C in a terminal reaches `up` alone and the order of stopping is ours.
 * The broken channel ends it when `up` is killed.
 */
export function startChild({ module, args, env, logFile, identityFile }: ChildOptions): Child {
  mkdirSync(dirname(logFile), { recursive: true });
  mkdirSync(dirname(identityFile), { recursive: true });
  const from = existsSync(logFile) ? readFileSync(logFile).length : 0;
  const output = openSync(logFile, 'a');
  const child: ChildProcess = fork(module, args, { detached: true, env, stdio: ['ignore', output, output, 'ipc'] });
  closeSync(output);
  const identity = child.pid === undefined ? null : identityOf(child.pid);
  if (identity) writeFileSync(identityFile, JSON.stringify(identity));
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      rmSync(identityFile, { force: true });
      resolve(code);
    });
    child.once('error', () => resolve(null));
  });
  const ready = new Promise<unknown>((resolve, reject) => {
    child.once('message', resolve);
    void ended.then(() => reject(new Error(lastLine(logFile, from) || `it ended at once; see ${logFile}`)));
  });
  ready.catch(() => undefined); // who waits for it hears of it; nobody else has to
  return {
    ready,
    ended,
    send(message) {
      if (child.connected) child.send(message);
    },
    async stop(limitMs) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), limitMs);
      await ended;
      clearTimeout(late);
    },
  };
}

/** Ends children that a killed `up` left behind and that have not yet noticed; another's process is never touched. */
export async function stopOrphans(folder: string, limitMs: number): Promise<void> {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    const identity = parseIdentity(readFileSync(file, 'utf8'));
    if (identity && isAlive(identity)) {
      process.kill(identity.pid, 'SIGKILL');
      await waitUntil(() => !isAlive(identity), { timeoutMs: limitMs, everyMs: 10 });
    }
    rmSync(file, { force: true });
  }
}
