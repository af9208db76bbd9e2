import { existsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { request } from 'undici';
import type { Config } from '../../config/config.js';
import { foldersOf } from '../installation.js';
import { type Check, fine, problem, warning } from './findings.js';

const GIB = 2 ** 30;
const LEAST_FREE = 2 * GIB;
const LEAST_SHARE = 0.1;
const REACHED_MS = 5_000;
/** Node 20 gets no security fixes since 2026-04-30 (nodejs.org/en/about/previous-releases). */
const MAINTAINED = 22;

/** What can be seen from this machine alone. */
export const hostChecks = (config: Config, { engines, envFile }: { engines: string; envFile: string }): Check[] => [
  { name: 'node', look: async () => lookAtNode(process.versions.node, engines) },
  { name: 'disk', look: () => lookAtDisk(config.dataDir) },
  { name: 'secrets', look: async () => lookAtFiles([foldersOf(config).adminToken, envFile]) },
  { name: 'public address', look: () => lookAtAddress(config) },
  { name: 'alarms', look: async () => lookAtAlarms(config) },
];

/** `engines` as package.json has it: ">=20.20.2". */
export function lookAtNode(version: string, engines: string) {
  const least = engines.replace(/^>=/, '');
  const isOlder = version.localeCompare(least, undefined, { numeric: true }) < 0;
  if (isOlder) return problem(`Node ${version} is older than ${least}.`, `Install Node ${MAINTAINED} or newer.`);
  if (Number(version.split('.')[0]) < MAINTAINED)
    return warning(`Node ${version} gets no security fixes any more.`, `Install Node ${MAINTAINED} or newer.`);
  return fine(`Node ${version}.`);
}

async function lookAtDisk(folder: string) {
  if (!existsSync(folder)) return fine(`There is no ${folder} yet: nothing is kept on this machine.`);
  const { bavail, blocks, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const share = bavail / blocks;
  const said = `${(free / GIB).toFixed(1)} GiB of the disk of ${folder} are free (${Math.round(share * 100)} %).`;
  return free < LEAST_FREE || share < LEAST_SHARE
    ? warning(said, 'Make room, or set WAYBILL_DATA_DIR to a larger disk: Postgres stops where it is full.')
    : fine(said);
}

const OTHERS = 0o077;

/** Files with secrets in them that other users of this machine can read. */
export function lookAtFiles(files: readonly string[]) {
  const open = files.filter((file) => existsSync(file) && (statSync(file).mode & OTHERS) !== 0);
  return open.length === 0
    ? fine('No file with secrets can be read by other users of this machine.')
    : problem(`Other users of this machine can read ${open.join(', ')}.`, `Run chmod 600 ${open.join(' ')}.`);
}

async function lookAtAddress({ phone, api }: Config) {
  if (phone === null) return fine('No phone provider is configured: no public address is needed for it.');
  const { publicUrl } = phone;
  if (!publicUrl.startsWith('https://'))
    return problem(
      `${publicUrl} is not https: the phone provider would send its callbacks in the open.`,
      'Put a proxy with a certificate before the API and set WAYBILL_PHONE_PUBLIC_URL to its https address.',
    );
  try {
    const { statusCode, body } = await request(`${publicUrl}/healthz`, { signal: AbortSignal.timeout(REACHED_MS) });
    await body.dump();
    if (statusCode === 200) return fine(`${publicUrl} leads to the API.`);
    return warning(
      `${publicUrl}/healthz answers ${statusCode}.`,
      `See that it leads to the API at ${api.host}:${api.port}, and that /webhooks reaches it.`,
    );
  } catch {
    return warning(
      `${publicUrl} cannot be reached from here.`,
      'That is right where this machine may not call out; otherwise look at the proxy and the DNS name.',
    );
  }
}

const lookAtAlarms = ({ alarms }: Config) =>
  alarms.url === null
    ? warning(
        'Alarms are sent nowhere: they stand in `waybill alarms` alone.',
        'Set WAYBILL_ALARM_WEBHOOK_URL and WAYBILL_ALARM_WEBHOOK_SECRET.',
      )
    : fine('Alarms are sent to a webhook.');
