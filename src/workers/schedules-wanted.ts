import type { Config } from '../config/config.js';
import { type ConfiguredProvider, configuredProviders } from './configured-providers.js';
import { isSenderConfigured } from './inbound-sender.js';
import type { SchedulesWanted } from './temporal-setup.js';

/** The Schedules that a configuration asks for beside those of its dashboards; of a worker's own providers, where it has roles. */
export const schedulesWanted = (
  config: Config,
  providers: readonly Pick<ConfiguredProvider, 'name' | 'kind'>[] = configuredProviders(config),
): SchedulesWanted => ({
  canary: isSenderConfigured(config),
  calls: config.phone === null ? null : providers.filter(({ kind }) => kind === 'phone').map(({ name }) => name),
  forms: providers.filter(({ kind }) => kind === 'forms').map(({ name }) => name),
});
