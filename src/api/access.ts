import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Actor, mayActAs, type Role } from '../domain/access.js';
import type { Clock } from '../domain/clock.js';
import type { Database } from '../ledger/database.js';
import { findActor } from '../ledger/tokens.js';
import type { Logger } from '../telemetry/logger.js';
import { problem } from './problems.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; there in every handler below /v1. */
    actor: Actor;
  }
  interface FastifyContextConfig {
    /** The least role that a route below /v1 takes. */
    role?: Role;
  }
}

export interface AccessOptions {
  db: Database;
  clock: Clock;
  log: Logger;
  /** Requests a minute from one address, whatever comes of them. */
  requestsPerMinute?: number;
  /** Of those, requests without a token that is valid here. */
  failuresPerMinute?: number;
}

/** Above what a console and an automation platform behind one address ask for. */
const REQUESTS_PER_MINUTE = 3_000;
/** Above what somebody who has mistyped a token does. */
const FAILURES_PER_MINUTE = 30;

/**
 * Puts a bearer token before every route of `app`: 401 without a valid one, 403 where its role is too low, 429 where an address
 * fails too often. A valid token is taken however often others fail at the same address: behind a proxy all come from one, and
 * nobody shall be able to lock an operator out. A route that names no role cannot be registered.
 */
export async function addAccess(app: FastifyInstance, options: AccessOptions): Promise<void> {
  const { db, clock, log } = options;
  const { requestsPerMinute = REQUESTS_PER_MINUTE, failuresPerMinute = FAILURES_PER_MINUTE } = options;
  app.addHook('onRoute', ({ config, method, url }) => {
    if (!config?.role) throw new Error(`${String(method)} ${url} names no role: give it config.role`);
  });
  await app.register(rateLimit, { global: false });
  const countFailure = app.createRateLimit({ max: failuresPerMinute, timeWindow: '1 minute' });
  app.decorateRequest('actor');
  // Before the token is looked at, so that refused requests count as well.
  app.addHook('onRequest', app.rateLimit({ max: requestsPerMinute, timeWindow: '1 minute' }));
  app.addHook('onRequest', async (request, reply) => {
    const actor = await findActor(db, bearerOf(request), clock.now());
    if (!actor) return refuseStranger(request, reply);
    const role = roleOf(request);
    if (role !== null && !mayActAs(actor.role, role)) {
      refused(request, 'role', actor.name);
      return reply
        .code(403)
        .send(problem('forbidden', `This takes the role ${role}; the token ${actor.name} has ${actor.role}.`));
    }
    request.actor = actor;
  });

  async function refuseStranger(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const failures = await countFailure(request);
    if (!failures.isAllowed && failures.isExceeded) {
      return reply
        .code(429)
        .header('retry-after', failures.ttlInSeconds)
        .send(problem('too_many', 'Too many requests without a valid token came from this address.'));
    }
    refused(request, request.headers.authorization === undefined ? 'no_token' : 'bad_token', null);
    return reply
      .code(401)
      .header('www-authenticate', 'Bearer realm="waybill"')
      .send(problem('unauthenticated', 'A valid token is needed: Authorization: Bearer wbt_...'));
  }

  const refused = ({ method, routeOptions }: FastifyRequest, reason: string, actor: string | null): void =>
    log.warn({ event: 'request.refused', method, route: routeOptions.url ?? 'unknown', reason, actor });
}

const bearerOf = ({ headers }: FastifyRequest): string =>
  /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1] ?? '';

/** Null where there is no route: what is not there is told to everybody who has a token. */
const roleOf = ({ is404, routeOptions }: FastifyRequest): Role | null =>
  is404 ? null : (routeOptions.config.role ?? 'admin');
