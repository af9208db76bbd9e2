import type { Config } from '../config/config.js';
import { MODEL_SOURCE } from '../domain/identity.js';
import type { SourceBinding } from '../ledger/sources.js';
import { formBinding, formRate } from '../ledger/submissions.js';
import { phoneProvider } from './phone-provider.js';
import { configuredPlatforms } from './platforms.js';

/** What else is called besides dashboards: each has its row in `source`, its queue, its pacer and its budget. */
export const PROVIDER_KINDS = {
  phone: 'places calls',
  forms: 'lists the submissions of web forms',
  platform: 'carries on what is handed off',
  model: 'a language model that chooses a label',
} as const;
export type ProviderKind = keyof typeof PROVIDER_KINDS;

/** A provider that this process is configured for. */
export interface ConfiguredProvider {
  name: string;
  kind: ProviderKind;
  /** Calls per second at most. */
  ratePerSecond: number;
  binding(now: Date): SourceBinding;
}

export function configuredProviders(config: Config): ConfiguredProvider[] {
  return [
    ...modelProvider(config),
    ...configuredForms(config),
    ...[phoneProvider(config)].filter((one) => one !== null),
    ...configuredPlatforms(config),
  ];
}

function modelProvider({ classifier, source }: Config): ConfiguredProvider[] {
  if (!classifier.model) return [];
  const { ratePerSecond } = classifier.model;
  const binding = (now: Date): SourceBinding => ({
    name: MODEL_SOURCE,
    kind: 'model' satisfies ProviderKind,
    // Nothing that the ledger holds of a model belongs to its address: another one may be asked at any start.
    origin: 'model://any',
    mailboxGroup: source.mailboxGroup,
    ratePerSecond,
    firstMode: 'observe',
    mode: null,
    answerFrom: null,
    now,
  });
  return [{ name: MODEL_SOURCE, kind: 'model', ratePerSecond, binding }];
}

const configuredForms = ({ forms, source }: Config): ConfiguredProvider[] =>
  forms.map((form) => ({
    name: form.source,
    kind: 'forms',
    ratePerSecond: formRate(form),
    binding: (now) => formBinding(form, source.mailboxGroup, now),
  }));
