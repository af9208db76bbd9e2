import { createHash } from 'node:crypto';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateText, type LanguageModel, NoObjectGeneratedError, Output } from 'ai';
import { z } from 'zod';
import { type Clock, systemClock } from '../../domain/clock.js';
import { type ModelAnswerReason, UNKNOWN_LABEL } from '../../domain/understanding.js';
import { cappedFetch } from './capped-fetch.js';
import { failureOf, unreadable } from './failures.js';
import type { Prompt } from './question.js';
import { QUESTION_VERSION } from './question.js';

export type ModelProvider = 'openai' | 'anthropic' | 'compatible';

export interface ModelOptions {
  provider: ModelProvider;
  /** The provider's name of the model. */
  model: string;
  /** The closed set that it chooses from. */
  labels: readonly string[];
  /** Null for an endpoint of one's own that asks for none. */
  key: string | null;
  /** Address of the API; null: the provider's own. */
  url: string | null;
  deadlineMs: number;
  clock?: Clock;
  /** Told from the head of an answer that asks for a pause, with its Retry-After in ms. */
  onPause?: (retryAfterMs: number | undefined) => Promise<void>;
}

export interface ModelChoice {
  status: number;
  label: string | null;
  reason: Exclude<ModelAnswerReason, 'refused'>;
}

/** A language model that chooses one label of a set: no tools, no memory, no text of its own. */
export interface ModelClient {
  /** Which model, with the version of the question. */
  classifier: string;
  labels: readonly string[];
  /** One request. @throws ProviderFailure where the endpoint gave no answer of the model */
  choose(prompt: Prompt): Promise<ModelChoice>;
}

/** A label is a few tokens; a model that goes on is cut. */
const MOST_TOKENS = 200;

/**
 * Which model answers, with the version of the question and of its labels: that none of them fitted says nothing about another set. An
 * answer is kept and used again under this name.
 */
export function classifierOf({ provider, model, labels }: Pick<ModelOptions, 'provider' | 'model' | 'labels'>): string {
  const set = createHash('sha256')
    .update(JSON.stringify([...labels].sort()))
    .digest('hex')
    .slice(0, 6);
  return `model:${provider}/${model}/${QUESTION_VERSION}.${set}`;
}

export function createModelClient(options: ModelOptions): ModelClient {
  const { deadlineMs, labels, clock = systemClock } = options;
  const known = new Set([...labels, UNKNOWN_LABEL]);
  const schema = z.object({ label: z.enum([...known] as [string, ...string[]]) });
  // The library writes warnings to the console, which is not ours to write to.
  (globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;
  const model = connect(options);
  return {
    classifier: classifierOf(options),
    labels,
    async choose({ system, message }) {
      try {
        const { output } = await generateText({
          model,
          system,
          prompt: message,
          output: Output.object({ schema }),
          maxRetries: 0,
          maxOutputTokens: MOST_TOKENS,
          abortSignal: AbortSignal.timeout(deadlineMs),
          experimental_telemetry: { isEnabled: false },
        });
        return output.label === UNKNOWN_LABEL
          ? { status: 200, label: null, reason: 'none_fits' }
          : { status: 200, label: output.label, reason: 'chosen' };
      } catch (error) {
        if (NoObjectGeneratedError.isInstance(error))
          return { status: 200, label: null, reason: namesLabel(error.text) ? 'outside_the_set' : 'unreadable' };
        if (APICallError.isInstance(error)) throw failureOf(error, clock.now());
        throw unreadable(error, deadlineMs);
      }
    },
  };
}

/** Explicit providers only: a model named by a string alone would be asked for through somebody else's gateway. */
function connect({ provider, model, key, url, onPause, clock = systemClock }: ModelOptions): LanguageModel {
  const fetch = cappedFetch({ clock, ...(onPause ? { onPause } : {}) });
  const shared = { fetch, ...(key === null ? {} : { apiKey: key }), ...(url === null ? {} : { baseURL: url }) };
  if (provider === 'openai') return createOpenAI(shared).chat(model);
  if (provider === 'anthropic') return createAnthropic(shared)(model);
  return createOpenAICompatible({
    ...shared,
    name: 'compatible',
    baseURL: url ?? '',
    supportsStructuredOutputs: true,
  })(model);
}

/** Whether what is no answer of the schema at least has its shape. */
function namesLabel(text: string | undefined): boolean {
  try {
    return z.object({ label: z.string() }).safeParse(JSON.parse(text ?? '')).success;
  } catch {
    return false;
  }
}
