import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../domain/clock.js';
import { answerContract, answerProblem, type ContractDeps } from './contract-routes.js';
import { answerControl } from './control-routes.js';
import { type Exchange, holdsToken, send } from './exchange.js';
import { type FormRoutes, formRoutes } from './form-routes.js';
import { openWorld } from './open-world.js';
import type { SimulatorOptions } from './options.js';
import { Parties } from './parties.js';
import { RateLimit } from './rate-limit.js';
import { RequestProblem, SimulatorRefusal } from './refusal.js';
import { answerTruth } from './truth-routes.js';

export type { SimulatorOptions } from './options.js';

const HOST = '127.0.0.1';

export interface RunningSimulator {
  url: string;
  port: number;
  /** Instant, ISO, at which the seeded past ends. */
  anchor: string;
  close(): Promise<void>;
}

interface Deps extends ContractDeps {
  controlToken: string;
  forms: FormRoutes;
  parties: Parties;
}

/** Starts the simulated dashboard on 127.0.0.1. @throws SimulatorRefusal with one sentence */
export async function startSimulator(options: SimulatorOptions): Promise<RunningSimulator> {
  const station = openWorld(options, options.clock ?? systemClock);
  const rateLimit = new RateLimit(options.rateLimit ?? 100);
  const { token, controlToken } = options;
  const clock = options.clock ?? systemClock;
  const forms = formRoutes({ token, seed: options.seed ?? 1, clock });
  const parties = new Parties({ controlToken, stateDir: options.stateDir, clock, forms });
  const deps: Deps = { station, token, controlToken, rateLimit, forms, parties };
  const server = createServer((request, response) => void handle(deps, request, response));
  server.keepAliveTimeout = 30_000;
  try {
    await listen(server, options.port ?? 0);
  } catch (failure) {
    station.close();
    throw failure;
  }
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${HOST}:${port}`,
    port,
    anchor: new Date(station.world.origin.anchor).toISOString(),
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await parties.close();
      station.close();
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE';
      const sentence = taken
        ? `Port ${port} is in use by another program.`
        : `Port ${port} cannot be opened (${cause.code ?? 'unknown error'}).`;
      reject(new SimulatorRefusal(sentence));
    });
    server.listen(port, HOST, resolve);
  });
}

async function handle(deps: Deps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const exchange = readExchange(request, response);
    const [area] = exchange.path;
    if (area === 'v1') return await answerContract(deps, exchange);
    if (area === 'forms') return send(response, await deps.forms.answer(exchange));
    if (area === 'phone' || area === 'platform') return await deps.parties.answer(area, request, response);
    if (area !== 'control' && area !== 'truth') throw new RequestProblem(404, 'unknown', 'there is no such path');
    if (!holdsToken(request, deps.controlToken)) throw new RequestProblem(401, 'unauthorized', 'bad control token');
    const part = exchange.path[1] ?? '';
    if (area === 'truth' && part === 'forms') return send(response, deps.forms.truth(exchange));
    if (area === 'control' && (part === 'forms' || part === 'form-traffic'))
      return send(response, await deps.forms.control(exchange));
    if (area === 'control' && (part === 'parties' || part === 'party-traffic'))
      return send(response, await deps.parties.control(exchange));
    send(
      response,
      area === 'control' ? await answerControl(deps.station, exchange) : answerTruth(deps.station, exchange),
    );
  } catch (failure) {
    answerProblem({ response }, failure);
  }
}

function readExchange(request: IncomingMessage, response: ServerResponse): Exchange {
  try {
    const url = new URL(request.url ?? '/', 'http://simulator.invalid');
    const path = url.pathname.split('/').slice(1).map(decodeURIComponent);
    return { method: request.method ?? 'GET', path, query: url.searchParams, request, response };
  } catch {
    throw new RequestProblem(404, 'unknown', 'the path cannot be read');
  }
}
