import type { Client } from '@temporalio/client';

export interface ExportedRun {
  workflowId: string;
  runId: string;
  type: string;
  status: string;
  /** What the list shows of it: memo, search attributes, queue. */
  entry: unknown;
  description: unknown;
  history: Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;
}

/** Runs of Schedules are kept apart from the list of workflows, and asked for by their division. */
const EVERYTHING = [undefined, "TemporalNamespaceDivision = 'TemporalScheduler'"];

/** Every run of the namespace with its history, those that move the Schedules included. */
export async function exportHistories(client: Client): Promise<ExportedRun[]> {
  const runs: ExportedRun[] = [];
  for (const query of EVERYTHING) {
    for await (const entry of client.workflow.list(query === undefined ? {} : { query })) {
      const handle = client.workflow.getHandle(entry.workflowId, entry.runId);
      const [description, history] = await Promise.all([handle.describe(), handle.fetchHistory()]);
      const { workflowId, runId, type } = entry;
      const { status } = description; // the list may lag behind
      runs.push({
        workflowId,
        runId,
        type,
        status: status.name,
        entry: entry.raw,
        description: description.raw,
        history,
      });
    }
  }
  return runs;
}

/** Every text in a value, however deep: strings, names of fields, and bytes read as UTF-8 (payloads are JSON in bytes). */
export function textsIn(value: unknown): string[] {
  const texts: string[] = [];
  const seen = new Set<object>();
  const walk = (one: unknown): void => {
    if (typeof one === 'string') texts.push(one);
    else if (one instanceof Uint8Array) texts.push(Buffer.from(one).toString('utf8'));
    else if (typeof one === 'object' && one !== null && !seen.has(one)) {
      seen.add(one);
      for (const [name, part] of Object.entries(one)) {
        texts.push(name);
        walk(part);
      }
    }
  };
  walk(value);
  return texts;
}

/** The ways in which a word can stand in a file or a text: plain, and in base64 at each of the three places of a group. */
export const disguisesOf = (word: string): string[] => [
  word,
  ...[0, 1, 2].map((shift) => {
    const encoded = Buffer.from('\0'.repeat(shift) + word).toString('base64');
    return encoded.slice(shift === 0 ? 0 : shift + 1, Math.floor((shift + word.length) / 3) * 4);
  }),
];

/** The words that stand in the text, plain or disguised. */
export const wordsFound = (text: string | Buffer, words: readonly string[]): string[] =>
  words.filter((word) => disguisesOf(word).some((form) => text.includes(form)));
