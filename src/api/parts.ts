import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Client } from '@temporalio/client';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Config } from '../config/config.js';
import type { Clock } from '../domain/clock.js';
import type { Database } from '../ledger/database.js';
import type { Logger } from '../telemetry/logger.js';

/** What a module of routes is given. */
export interface ApiParts {
  config: Config;
  db: Database;
  clock: Clock;
  log: Logger;
  /**
   * The client of Temporal, connected by the first who asks.
   * @throws WaybillError PrerequisiteMissing where it is out of reach; answered with 503
   */
  temporal(): Promise<Client>;
}

/** Where routes below /v1 are added: schemas are zod's, `config.role` is needed, `request.actor` is there. */
export type ApiApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;
