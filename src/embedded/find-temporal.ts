import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WaybillError } from '../domain/failures.js';

/** Written by scripts/setup.mjs, read here; the path holds for src/ and for dist/, which lie at the same depth. */
const RECORD = fileURLToPath(new URL('../../node_modules/.cache/waybill/temporal-cli.json', import.meta.url));

const recordedPath = (): string | null => {
  if (!existsSync(RECORD)) return null;
  const record: unknown = JSON.parse(readFileSync(RECORD, 'utf8'));
  if (typeof record !== 'object' || record === null || !('path' in record)) return null;
  return typeof record.path === 'string' ? record.path : null;
};

/**
 * Path of the Temporal CLI: the one named in the configuration, else the one that set-up found, downloaded or built.
 * @throws ConfigurationInvalid when the named file does not exist
 * @throws PrerequisiteMissing when there is none
 */
export const findTemporal = (named: string | null): string => {
  if (named !== null) {
    if (existsSync(named)) return named;
    throw new WaybillError('ConfigurationInvalid', `TEMPORAL_CLI_PATH names ${named}, which does not exist`);
  }
  const path = recordedPath();
  if (path !== null && existsSync(path)) return path;
  throw new WaybillError(
    'PrerequisiteMissing',
    `the Temporal CLI was not found: run npm run setup in ${join(RECORD, '../../../..')}, or set TEMPORAL_CLI_PATH to it`,
  );
};
