import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { WaybillError } from '../domain/failures.js';

export const BUNDLE_FILE = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
export const BUILD_FILE = fileURLToPath(new URL('../workflow-bundle.json', import.meta.url));

/** @throws WaybillError PrerequisiteMissing where the workflows were not bundled */
export function readBuildId(): string {
  if (!existsSync(BUNDLE_FILE) || !existsSync(BUILD_FILE)) {
    throw new WaybillError('PrerequisiteMissing', 'The workflows are not bundled: run `npm run build`.', {
      retryable: false,
    });
  }
  return z.object({ buildId: z.string() }).parse(JSON.parse(readFileSync(BUILD_FILE, 'utf8'))).buildId;
}
