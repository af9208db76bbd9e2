import { activityInfo } from '@temporalio/activity';
import { newestPart } from '../classify/rules.js';
import { AskModelInput } from '../contracts/model-steps.js';
import { storedWords } from '../delivery/deciding-words.js';
import { WaybillError } from '../domain/failures.js';
import { quenchAlarm, raiseAlarm } from '../ledger/alarms.js';
import { readMessage } from '../ledger/lifecycles.js';
import { noteModelAnswer, readModelAnswer, recordModelAnswer } from '../ledger/model-answers.js';
import { makePrompt } from '../sources/model/question.js';
import { callProvider } from '../sources/provider-call.js';
import { ProviderFailure } from '../sources/source.js';
import type { ActivityDeps } from './deps.js';

/** Refusals that no other attempt mends: the key, the address, the name of the model, or what was asked. */
const FINAL = ['SourceAuthRejected', 'SourceNotFound', 'SourceRefused'];

/** The call that asks a language model for a label; what it says stands in the ledger, and nothing of it returns. */
export const createModelCalls = (deps: ActivityDeps) => ({
  /**
   * Asks the model about the newest version of a message, once: a version that was answered is not asked about again.
   * @throws ProviderFailure where the endpoint gave no answer, to be tried again
   */
  async askModel(payload: AskModelInput): Promise<{ answered: boolean }> {
    const { source, messageId } = AskModelInput.parse(payload);
    const { db, clock, timing, model } = deps;
    if (!model)
      throw new WaybillError('ConfigurationInvalid', 'This worker has no language model.', { retryable: true });
    const { classifier, labels } = model;
    const { subject, text, version } = await storedWords(db, messageId);
    const of = { messageId, bodyVersion: version };
    if (await readModelAnswer(db, { ...of, classifier })) return { answered: true };
    const prompt = makePrompt({ labels, subject, text: newestPart(text) });
    const { threadId } = await readMessage(db, messageId);
    const request = {
      source,
      operation: 'askModel' as const,
      parameters: { promptHash: prompt.hash, classifier },
      threadId,
      messageId,
      readingId: null,
      page: 0,
      attempt: activityInfo().attempt,
    };
    const alarm = { kind: 'classifier_unusable', source, subject: 'model' } as const;
    try {
      const calling = { db, clock, timing, courtesy: deps.courtesy, clientOf: () => model };
      const { call, answer } = await callProvider(calling, request, (one) => one.choose(prompt));
      const now = clock.now();
      const { status, label, reason } = answer;
      await db.transaction(async (tx) => {
        await recordModelAnswer(tx, of, { label, reason, classifier }, { call, status, now });
        await quenchAlarm(tx, { ...alarm, now });
      });
      return { answered: true };
    } catch (error) {
      const callId = error instanceof ProviderFailure ? error.callId : undefined;
      if (!(error instanceof ProviderFailure) || !callId || !FINAL.includes(error.type)) throw error;
      const now = clock.now();
      const evidence = { classifier, failure: error.type, status: error.status, callId };
      await db.transaction(async (tx) => {
        await noteModelAnswer(tx, of, { label: null, reason: 'refused', classifier }, { callId, now });
        await raiseAlarm(tx, { ...alarm, evidence, now });
      });
      return { answered: true };
    }
  },
});

export type ModelCalls = ReturnType<typeof createModelCalls>;
