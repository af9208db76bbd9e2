import type { Config } from '../config/config.js';
import type { SourceBinding } from '../ledger/sources.js';

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

export function configuredProviders(_config: Config): ConfiguredProvider[] {
  return [];
}
