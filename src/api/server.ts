import { connect } from 'node:net';
import Fastify from 'fastify';
import type { Config } from '../config/config.js';
import { temporalConnection } from '../config/temporal-connection.js';
import { mayActAs } from '../domain/access.js';
import { WaybillError } from '../domain/failures.js';
import { callbackWorkflowId, DISPATCH_WORKFLOW_ID, pollWorkflowId, visitWorkflowId } from '../domain/identity.js';
import type { Sql } from '../ledger/database.js';
import { findActor } from '../ledger/tokens.js';
import { addCallWebhooks } from './call-webhooks.js';
import { addFormWebhooks } from './form-webhooks.js';
import { createNudge } from './nudge.js';
import type { ApiParts } from './parts.js';
import { addOutcomeRoutes } from './routes/outcomes.js';
import { createTemporal } from './temporal.js';
import { addV1 } from './v1.js';
import { createWaker } from './waker.js';
import { addDashboardWebhooks } from './webhooks.js';

/** What the API needs of the process that runs it. */
export type ApiDeps = Omit<ApiParts, 'temporal'>;

export interface RunningApi {
  url: string;
  close(): Promise<void>;
}

const PROBE_MS = 2_000;
/** A request has to be there whole within this time: what is sent byte by byte would hold its connection for ever. */
const SLOWEST_REQUEST_MS = 30_000;
/** Far above what a mailbox brings; a sender that is refused comes again by its own schedule. */
const WEBHOOKS_PER_MINUTE = 600;

/**
 * The HTTP API. `/healthz`: the process answers; `/readyz`: each dependency by name, 503 where one is out of reach;
 * `/webhooks/dashboard/:source`: hints, where a signing secret is set; `/webhooks/forms/:form`: submissions of the configured forms;
 * `/webhooks/calls/:key`: status callbacks, where there is a phone provider; everything below `/v1` takes a token.
 */
export async function startApi(
  { config, db, clock, log }: ApiDeps,
  { slowestRequestMs = SLOWEST_REQUEST_MS }: { slowestRequestMs?: number } = {},
): Promise<RunningApi> {
  const { host, port } = config.api;
  // Fastify takes 0, which is its default, for no limit at all, and switches that of Node off.
  const http = { requestTimeout: slowestRequestMs, connectionsCheckingInterval: Math.ceil(slowestRequestMs / 2) };
  const app = Fastify({ forceCloseConnections: true, requestTimeout: slowestRequestMs, http });
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const [postgres, temporal] = await Promise.all([reachesPostgres(db), reachesTemporal(config)]);
    const ready = postgres && temporal;
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'unavailable', postgres, temporal });
  });
  const { webhookSecrets: secrets } = config.source;
  const nudge = createNudge(config);
  app.addHook('onClose', () => nudge.close());
  if (config.forms.length > 0) {
    const { forms, timing } = config;
    const { mailboxGroup } = config.source;
    const onStored = () => nudge.send(DISPATCH_WORKFLOW_ID);
    const perMinute = WEBHOOKS_PER_MINUTE;
    await addFormWebhooks(app, { db, clock, log, timing, mailboxGroup, forms, perMinute, onStored });
  }
  if (secrets.length > 0) {
    const onHint = ({ source, isThreadKnown }: { source: string; isThreadKnown: boolean }) =>
      nudge.send(isThreadKnown ? visitWorkflowId(source) : pollWorkflowId(source));
    await addDashboardWebhooks(app, { db, clock, log, secrets, perMinute: WEBHOOKS_PER_MINUTE, onHint });
  }
  const temporal = createTemporal(config);
  app.addHook('onClose', () => temporal.close());
  const waker = createWaker(temporal.client);
  if (config.phone !== null) {
    const { accountSid, authToken, publicUrl } = config.phone;
    const onReport = ({ source, messageId }: { source: string; messageId: string }) =>
      waker.wake([callbackWorkflowId(source, messageId)]);
    const signed = { provider: 'phone', accountSid, authToken, publicUrl };
    await addCallWebhooks(app, { db, clock, log, ...signed, perMinute: WEBHOOKS_PER_MINUTE, onReport });
  }
  await addOutcomeRoutes(app, {
    ...{ db, clock, log },
    platforms: config.platforms,
    waker,
    operatorOf: async (token) => {
      const actor = await findActor(db, token, clock.now());
      return actor && mayActAs(actor.role, 'operator') ? actor.name : null;
    },
  });
  await addV1(app, { config, db, clock, log, temporal: temporal.client });
  try {
    const url = await app.listen({ host, port });
    log.info({ event: 'api.listening', host, port });
    return { url, close: () => app.close() };
  } catch (cause) {
    const inUse = typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'EADDRINUSE';
    throw new WaybillError(
      'ConfigurationInvalid',
      inUse
        ? `port ${port}, meant for the API, is in use by another process: stop that process, or set WAYBILL_API_PORT to a free port`
        : `the API cannot listen on ${host}:${port}: set WAYBILL_API_HOST and WAYBILL_API_PORT to an address of this machine`,
      { cause },
    );
  }
}

async function reachesPostgres(db: Sql): Promise<boolean> {
  const timeout = new Promise<boolean>((resolve) => setTimeout(resolve, PROBE_MS, false).unref());
  const asked = db.$queryRaw`SELECT 1`.then(
    () => true,
    () => false,
  );
  return Promise.race([asked, timeout]);
}

/** A connection to the frontend's port: the SDK's client would cost this process 200 ms and 40 MB. */
async function reachesTemporal(config: Config): Promise<boolean> {
  const { connectionOptions } = await temporalConnection(config);
  const [host = '127.0.0.1', port = '7233'] = connectionOptions.address.replace(/^\w+:\/\//, '').split(':');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: PROBE_MS });
    const settle = (reached: boolean) => {
      socket.destroy();
      resolve(reached);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
    socket.once('timeout', () => settle(false));
  });
}
