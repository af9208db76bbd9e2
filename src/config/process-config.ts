import { type Config, loadConfig } from './config.js';
import type { Environment } from './layers.js';

/** The configuration of this process: its environment and the .env file of its working directory, under the flags given. */
export function processConfig(overrides: Environment = {}): Config {
  return loadConfig(process.env, { envFile: '.env', overrides });
}
