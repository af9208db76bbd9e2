import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

/** The cache of this user, shared by all checkouts: WAYBILL_CACHE_DIR, else the platform's own place. */
export const cacheFolder = (env = process.env) => {
  if (env.WAYBILL_CACHE_DIR) return env.WAYBILL_CACHE_DIR;
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'waybill');
  if (process.platform === 'win32') return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'waybill');
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'waybill');
};

/** The environment as the commands will see it: .env of the checkout below the real one. */
export const environmentOf = (root) => {
  const file = join(root, '.env');
  return { ...(existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}), ...process.env };
};

/** Notes of set-up about this checkout; they go with node_modules. */
export const notesFolder = (root) => join(root, 'node_modules', '.cache', 'waybill');

/** True in the module that node was started with. */
export const isMain = (url) => process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url);
