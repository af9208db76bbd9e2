import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { z } from 'zod';
import type { Config } from '../../config/config.js';
import { WaybillError } from '../../domain/failures.js';
import { assertPortIsFree } from '../../embedded/ports.js';
import { waitUntil } from '../../embedded/wait-until.js';
import { foldersOf } from '../installation.js';
import { type Child, startChild } from './child.js';
import { type Parties, prepareParties } from './parties.js';

const MODULE = fileURLToPath(new URL('../../simulator/main.js', import.meta.url));
const READY_MS = 20_000;
const Tokens = z.object({ token: z.string(), controlToken: z.string() });

export interface RunningSimulator {
  url: string;
  token: string;
  controlToken: string;
  child: Child;
  /** Null where the dashboard is alone. */
  parties: Parties | null;
  setTraffic(perHour: number): Promise<void>;
  /** Visitors begin to use the form; the API must be there. */
  setPartyTraffic(perHour: number): Promise<void>;
}

/** Tokens of the simulated world, made once per data folder and readable by their owner only. */
function tokensIn(folder: string): z.infer<typeof Tokens> {
  const file = join(folder, 'tokens.json');
  if (existsSync(file)) return Tokens.parse(JSON.parse(readFileSync(file, 'utf8')));
  const tokens = { token: randomBytes(24).toString('hex'), controlToken: randomBytes(24).toString('hex') };
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, JSON.stringify(tokens), { mode: 0o600 });
  return tokens;
}

/** Starts the simulated dashboard beside us, and with it, in the same process, the other parties of its world. */
export async function startSimulator(
  config: Config,
  env: NodeJS.ProcessEnv,
  { trafficPerHour, withParties }: { trafficPerHour: number; withParties: boolean },
): Promise<RunningSimulator> {
  const { simulator } = config;
  const folders = foldersOf(config);
  await assertPortIsFree(simulator.port, 'the simulated dashboard', 'WAYBILL_SIMULATOR_PORT');
  const { token, controlToken } = tokensIn(folders.simulator);
  const url = `http://127.0.0.1:${simulator.port}`;
  const child = startChild({
    module: MODULE,
    args: [
      ...['--port', String(simulator.port), '--state-dir', join(folders.simulator, 'world')],
      ...['--token', token, '--control-token', controlToken, '--profile', simulator.profile],
      ...['--seed', String(simulator.seed), '--threads', String(simulator.threads)],
      ...['--traffic-per-hour', String(trafficPerHour)],
      ...(simulator.corpus ? ['--corpus', simulator.corpus] : []),
    ],
    env,
    logFile: join(folders.logs, 'simulator.log'),
    identityFile: join(folders.children, 'simulator.json'),
  });
  const control = async (path: string, body: unknown) => {
    const answer = await request(`${url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${controlToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    await answer.body.dump();
    return answer.statusCode;
  };
  let failure: string | null = null;
  child.ready.catch((error: unknown) => {
    failure = error instanceof Error ? error.message : String(error);
  });
  const answers = () =>
    request(`${url}/control/state`, { headers: { authorization: `Bearer ${controlToken}` } }).then(
      async ({ statusCode, body }) => {
        await body.dump();
        return statusCode === 200;
      },
      () => false,
    );
  await waitUntil(async () => failure !== null || (await answers()), { timeoutMs: READY_MS, everyMs: 15 });
  if (failure !== null || !(await answers())) {
    await child.stop(1_000);
    throw new WaybillError(
      'ConfigurationInvalid',
      `The simulated dashboard did not start: ${failure ?? 'it does not answer'}`,
    );
  }
  const command = async (path: string, body: unknown, what: string): Promise<void> => {
    const status = await control(path, body);
    if (status >= 300) throw new WaybillError('Unexpected', `The simulated dashboard refused ${what} (${status}).`);
  };
  const parties = withParties ? prepareParties(config, folders.simulator, { url, token }) : null;
  if (parties) await command('/control/parties', parties.introduction, 'its other parties');
  return {
    url,
    token,
    controlToken,
    child,
    parties,
    setTraffic: (perHour) => command('/control/traffic', { perHour }, 'to change its traffic'),
    setPartyTraffic: (perHour) => command('/control/party-traffic', { perHour }, 'visitors of its form'),
  };
}
