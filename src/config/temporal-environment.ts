import type { Layer } from './layers.js';
import type { Values } from './values.js';

/** What tells @temporalio/envconfig where the configuration file of the Temporal CLI lies by default. */
const FOLDERS = ['HOME', 'XDG_CONFIG_HOME', 'APPDATA'];

/**
 * The variables that @temporalio/envconfig reads, as it would find them in a process environment into which .env and flags
 * were already merged: the documented ones from their read values (a secret may come from a file), TEMPORAL_GRPC_META_* as
 * they stand.
 */
export function temporalEnvironment(values: Values, layers: readonly Layer[]): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const { values: layer } of [...layers].reverse()) {
    for (const [name, text] of Object.entries(layer)) {
      if (text !== undefined && (FOLDERS.includes(name) || name.startsWith('TEMPORAL_GRPC_META_')))
        environment[name] = text;
    }
  }
  for (const [name, value] of Object.entries(values)) {
    if (name.startsWith('TEMPORAL_') && name !== 'TEMPORAL_CLI_PATH' && typeof value === 'string')
      environment[name] = value;
  }
  return environment;
}
