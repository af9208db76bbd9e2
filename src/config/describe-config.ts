import type { Config, Setting } from './config.js';

/** The effective value of every variable and where it came from; a secret reads as asterisks. */
export function describeConfig(config: Pick<Config, 'settings'>): readonly Setting[] {
  return config.settings;
}
