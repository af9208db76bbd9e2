import type { ClassifyInput } from '../../domain/understanding.js';
import type { Link, LinkAnswer } from '../chain.js';
import { newestPart, ownSubject } from '../rules.js';
import type { JudgingThread } from './judging-thread.js';

/** A model of the ledger, as far as the link has to know it. */
export interface ModelInForce {
  id: string;
  name: string;
  version: number;
  artefact: Uint8Array;
}

export interface LocalLinkDeps {
  thread: JudgingThread;
  /** Which model is in force; null where none is. */
  activeId(): Promise<string | null>;
  read(id: string): Promise<ModelInForce>;
  /** Now, in milliseconds. */
  now(): number;
  /** How long the model that is loaded counts as the one in force. */
  checkEveryMs: number;
  /** Told when the classifier cannot be used, and when it can be again; the name of the failure, never a text. */
  onState(state: { usable: true } | { usable: false; model: string | null; failure: string }): Promise<void>;
}

interface Loaded {
  id: string;
  title: string;
  threshold: number;
}

/** How often a model is looked for while there is none to judge with. */
const LOST_CHECK_MS = 2_000;

/** The classifier that was trained on the operator's own examples: it judges in a thread and abstains below its threshold. */
export function createLocalLink(deps: LocalLinkDeps): Link {
  const { thread, checkEveryMs, now } = deps;
  let loaded: Loaded | null = null;
  let failure: string | null = null;
  let checkedAt = Number.NEGATIVE_INFINITY;
  let checking: Promise<void> | null = null;

  async function check(): Promise<void> {
    let model: string | null = null;
    try {
      const id = await deps.activeId();
      if (id === null) throw new NoModel();
      if (loaded?.id !== id) {
        const stored = await deps.read(id);
        model = `${stored.name}@${stored.version}`;
        const { threshold } = await thread.load(stored.artefact);
        loaded = { id, title: `local:${model}`, threshold };
        failure ??= 'not loaded yet'; // what an earlier process said of it does not hold any more
      }
      if (failure !== null) await deps.onState({ usable: true });
      failure = null;
    } catch (error) {
      // Without the ledger the model that is held goes on; without one there is nothing to judge with.
      if (loaded && model === null && !(error instanceof NoModel)) return;
      loaded = null;
      failure = nameOf(error);
      await deps.onState({ usable: false, model, failure });
    } finally {
      checkedAt = now();
    }
  }

  /** One look at a time; a text that comes meanwhile waits for it. */
  async function refresh(): Promise<void> {
    if (now() - checkedAt < (loaded ? checkEveryMs : Math.min(checkEveryMs, LOST_CHECK_MS))) return;
    checking ??= check().finally(() => {
      checking = null;
    });
    await checking;
  }

  const cannot = (title: string, why: string): LinkAnswer => ({
    kind: 'abstains',
    classifier: title,
    reasons: [`cannot be used: ${why}`],
    isUnsure: true,
  });

  return {
    async classify(input) {
      await refresh();
      const model = loaded;
      if (!model) return cannot('local', failure ?? 'NoModel');
      try {
        const { label, confidence, margin, runnerUp } = await thread.judge(textOf(input));
        const rounded = { confidence: round(confidence), margin: round(margin) };
        const reasons = [`margin ${rounded.margin} over ${runnerUp}`];
        if (confidence >= model.threshold) {
          const understanding = { label, confidence: rounded.confidence, classifier: model.title, reasons };
          return { kind: 'understood', understanding };
        }
        const unsure = `${label} at ${rounded.confidence}, below ${round(model.threshold)}`;
        return { kind: 'abstains', classifier: model.title, reasons: [unsure, ...reasons], isUnsure: true };
      } catch (error) {
        failure = nameOf(error);
        await deps.onState({ usable: false, model: model.title, failure });
        loaded = null; // loaded again for the next message
        checkedAt = Number.NEGATIVE_INFINITY;
        return cannot(model.title, failure);
      }
    },
  };
}

/** What a model reads of a message: its subject and the newest part of its text. */
export function textOf({ subject, text }: ClassifyInput): string {
  const own = ownSubject(subject, text);
  return own.trim() === '' ? newestPart(text) : `${own}\n${newestPart(text)}`;
}

class NoModel extends Error {
  constructor() {
    super('no model is in force');
    this.name = 'NoModel';
  }
}

/** Names of errors are ours or Node's; their texts may quote. */
const nameOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'Unexpected';
  return error.name === 'Error' && /^[A-Z][A-Za-z]{2,40}$/.test(error.message) ? error.message : error.name;
};

const round = (value: number): number => Math.round(value * 1_000) / 1_000;
