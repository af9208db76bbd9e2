import { Worker } from 'node:worker_threads';
import type { Verdict } from './model.js';
import type { Question, ThreadAnswer } from './thread.js';

export interface JudgingThread {
  /** Takes a model in; it judges every text from then on. @throws Error with the name of what is wrong with it */
  load(artefact: Uint8Array): Promise<{ threshold: number }>;
  /** @throws Error where no verdict came: no model, a broken thread, or the deadline */
  judge(text: string): Promise<Verdict>;
  close(): Promise<void>;
}

export interface ThreadOptions {
  /** The compiled file that the thread runs. */
  entry?: URL;
  /** A verdict that takes longer means a thread that hangs: it is ended, and the next question starts another. */
  deadlineMs?: number;
}

/** Loading and judging together stay within the 10 seconds of the step that classifies. */
const DEADLINE_MS = 4_000;
const LARGEST_HEAP_MB = 512;

interface Waiting {
  resolve(answer: ThreadAnswer): void;
  reject(error: Error): void;
}

/**
 * One thread beside the event loop that holds one model. Started at the first question; a thread that dies takes its open questions with
 * it, and the next one starts anew with the model that was loaded last.
 */
export function createJudgingThread({
  entry = new URL('./thread.js', import.meta.url),
  deadlineMs = DEADLINE_MS,
}: ThreadOptions = {}): JudgingThread {
  const waiting = new Map<number, Waiting>();
  let thread: Worker | null = null;
  let loaded: Uint8Array | null = null;
  let last = 0;

  function start(): Worker {
    const started = new Worker(entry, { resourceLimits: { maxOldGenerationSizeMb: LARGEST_HEAP_MB } });
    started.unref(); // a process that has nothing else to do may end
    started.on('message', (answer: ThreadAnswer) => waiting.get(answer.id)?.resolve(answer));
    started.on('error', () => drop(started, 'ThreadBroken'));
    started.on('exit', () => drop(started, 'ThreadBroken'));
    return started;
  }

  function drop(old: Worker, because: string): void {
    if (thread !== old) return;
    thread = null;
    for (const { reject } of waiting.values()) reject(new Error(because));
  }

  async function ask(question: { load: Uint8Array } | { text: string }): Promise<ThreadAnswer> {
    if (!thread) {
      thread = start();
      if (loaded && !('load' in question)) await ask({ load: loaded });
    }
    const asked = thread;
    if (!asked) throw new Error('ThreadBroken');
    const id = ++last;
    let timer: NodeJS.Timeout | undefined;
    try {
      const answer = await new Promise<ThreadAnswer>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        timer = setTimeout(() => {
          drop(asked, 'ThreadTooSlow');
          asked.terminate().catch(() => undefined);
        }, deadlineMs);
        asked.postMessage({ id, ...question } satisfies Question);
      });
      if ('failed' in answer) throw new Error(answer.failed);
      return answer;
    } finally {
      clearTimeout(timer);
      waiting.delete(id);
    }
  }

  return {
    async load(artefact) {
      const answer = await ask({ load: artefact });
      loaded = artefact;
      if (!('threshold' in answer)) throw new Error('Unexpected');
      return { threshold: answer.threshold };
    },
    async judge(text) {
      const answer = await ask({ text });
      if (!('verdict' in answer)) throw new Error('Unexpected');
      return answer.verdict;
    },
    async close() {
      const old = thread;
      if (old) drop(old, 'ThreadClosed');
      await old?.terminate();
    },
  };
}
