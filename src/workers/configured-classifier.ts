import type { ActivityDeps } from '../activities/deps.js';
import { createChain, type Link } from '../classify/chain.js';
import { LABELS } from '../classify/labels.js';
import { createJudgingThread } from '../classify/local/judging-thread.js';
import { createLocalLink, type LocalLinkDeps } from '../classify/local/local-link.js';
import { createModelLink } from '../classify/model-link.js';
import { rulesLink } from '../classify/rules-link.js';
import type { Config } from '../config/config.js';
import type { Clock } from '../domain/clock.js';
import { type ClassifierChain, UNKNOWN_LABEL } from '../domain/understanding.js';
import { quenchAlarm, raiseAlarm } from '../ledger/alarms.js';
import { activeModelId, readArtefact, trainedLabels } from '../ledger/classifier-models.js';
import type { Database } from '../ledger/database.js';
import { classifierOf, createModelClient, type ModelOptions } from '../sources/model/client.js';
import type { Logger } from '../telemetry/logger.js';

interface LocalParts {
  db: Database;
  clock: Clock;
  /** Told when the local classifier cannot be used, and when it can be again. */
  onState: LocalLinkDeps['onState'];
}

export interface ClassifierParts {
  config: Pick<Config, 'classifier' | 'timing'>;
  /** Null where there is no ledger to read a trained model from: the local classifier is left out. */
  local: LocalParts | null;
}

/** The classifiers of this configuration in their order; nothing is loaded or started before the first message. */
export function configuredClassifier(parts: ClassifierParts): { chain: ClassifierChain; close(): Promise<void> } {
  const { config, local } = parts;
  const closes: (() => Promise<void>)[] = [];
  const links: Readonly<Record<string, () => Link | []>> = {
    rules: () => rulesLink,
    local() {
      if (!local) return [];
      const { link, close } = localLink(config, local);
      closes.push(close);
      return link;
    },
    model() {
      const options = modelOptions(config);
      return createModelLink({ classifier: classifierOf(options), labels: options.labels });
    },
  };
  const chain = createChain(config.classifier.chain.flatMap((name) => links[name]?.() ?? []));
  return {
    chain,
    async close() {
      for (const close of closes) await close();
    },
  };
}

function localLink(
  { timing }: ClassifierParts['config'],
  { db, clock, onState }: LocalParts,
): { link: Link; close(): Promise<void> } {
  const thread = createJudgingThread();
  const link = createLocalLink({
    thread,
    activeId: () => activeModelId(db),
    read: (id) => readArtefact(db, id),
    now: () => clock.now().getTime(),
    checkEveryMs: timing.classifierCheckMs,
    onState,
  });
  return { link, close: () => thread.close() };
}

/** What a worker does where its local classifier cannot be used: a line in the log, and an alarm until it can be again. */
export function alarmOnState({
  db,
  clock,
  log,
}: {
  db: Database;
  clock: Clock;
  log: Logger;
}): LocalLinkDeps['onState'] {
  const alarm = { kind: 'classifier_unusable', source: null, subject: 'local' } as const;
  return async (state) => {
    const now = clock.now();
    if (!state.usable)
      log.warn({ event: 'classifier.unusable', classifier: state.model ?? 'local', reason: state.failure });
    // A ledger that cannot be reached raises no alarm, and keeps no message from its way either.
    await (state.usable
      ? quenchAlarm(db, { ...alarm, now })
      : raiseAlarm(db, { ...alarm, evidence: { classifier: state.model, failure: state.failure }, now })
    ).catch(() => undefined);
  };
}

/** The language model of this configuration; undefined where none is asked. */
export function configuredModel(config: Config, onPause: NonNullable<ModelOptions['onPause']>): ActivityDeps['model'] {
  if (!config.classifier.model) return undefined;
  return createModelClient({ ...modelOptions(config), onPause });
}

/** Every label that a classifier of this installation can give: of the rules, of the language model, of any version that was trained. */
export async function knownLabels(config: Config, db: Database): Promise<readonly string[]> {
  return [...new Set([...Object.keys(LABELS), ...modelLabels(config), ...(await trainedLabels(db))])];
}

function modelOptions(config: ClassifierParts['config']): ModelOptions {
  const { provider = 'compatible', name = '', key = null, url = null } = config.classifier.model ?? {};
  const { modelDeadlineMs: deadlineMs } = config.timing;
  return { provider, model: name, labels: modelLabels(config), key, url, deadlineMs };
}

const modelLabels = ({ classifier }: Pick<Config, 'classifier'>): readonly string[] =>
  classifier.model?.labels ?? Object.keys(LABELS).filter((label) => label !== UNKNOWN_LABEL);
