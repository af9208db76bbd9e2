import { parentPort } from 'node:worker_threads';
import { unpackModel } from './artefact.js';
import { judge, type LocalModel, type Verdict } from './model.js';

/** What the thread is asked: to take a model in, or to judge a text by the one it holds. */
export type Question = { id: number; load: Uint8Array } | { id: number; text: string };
/** Its answer: the threshold of what it loaded, a verdict, or the name of what went wrong, never its text. */
export type ThreadAnswer =
  | { id: number; threshold: number; labels: number }
  | { id: number; verdict: Verdict }
  | { id: number; failed: string };

let model: LocalModel | null = null;

parentPort?.on('message', (question: Question) => {
  parentPort?.postMessage(answer(question));
});

function answer(question: Question): ThreadAnswer {
  const { id } = question;
  try {
    if ('load' in question) {
      model = unpackModel(question.load);
      return { id, threshold: model.threshold, labels: model.labels.length };
    }
    if (!model) return { id, failed: 'NoModel' };
    return { id, verdict: judge(model, question.text) };
  } catch (error) {
    return { id, failed: error instanceof Error ? error.name : 'Unexpected' };
  }
}
