import type { FastifyInstance } from 'fastify';
import type { Clock } from '../domain/clock.js';
import { type HintRefusal } from '../domain/hints.js';
import { takeDashboardHint } from '../ingress/dashboard-webhook.js';
import type { Database } from '../ledger/database.js';
import type { Logger } from '../telemetry/logger.js';
import { providerRefusals, REFUSAL_STATUS } from './refusals.js';
import { webhookScope } from './webhook-scope.js';

export interface WebhookOptions {
  db: Database;
  clock: Clock;
  log: Logger;
  secrets: readonly string[];
  /** Deliveries a minute from one address, refused ones counted: whoever guesses a signature is slowed down by guessing. */
  perMinute: number;
  /** Told what a hint made due; what it does about it must not fail. */
  onHint(hint: { source: string; isThreadKnown: boolean }): void;
}

/** A hint is an id in a small envelope; more is not read. */
const LARGEST_BODY = 64 * 1024;

/**
 * `POST /webhooks/dashboard/:source` (Standard Webhooks): 202 when the hint is in the ledger, 200 for a replay. Refused deliveries
 * leave a count by cause and day, under the source's name only where we signed for it.
 */
export async function addDashboardWebhooks(app: FastifyInstance, options: WebhookOptions): Promise<void> {
  const { db, clock, log, secrets, perMinute, onHint } = options;
  const refusals = providerRefusals({ db, clock, log });
  app.addHook('onClose', () => refusals.flushed());
  const onRefused = (cause: HintRefusal) => refusals.add('', cause);
  await webhookScope(app, { log, perMinute, onRefused }, (scope) => {
    scope.post<{ Params: { source: string } }>(
      '/webhooks/dashboard/:source',
      { bodyLimit: LARGEST_BODY },
      async ({ params: { source }, headers, body }, reply) => {
        const delivery = { source, headers, body: Buffer.isBuffer(body) ? body : Buffer.alloc(0) };
        const verdict = await takeDashboardHint({ db, clock, secrets }, delivery);
        if (verdict.kind === 'refused') {
          const { cause } = verdict;
          refusals.add(cause === 'unreadable' ? source : '', cause);
          return reply.code(REFUSAL_STATUS[cause]).send({ status: cause });
        }
        if (verdict.kind === 'recorded') onHint({ source, isThreadKnown: verdict.isThreadKnown });
        return reply.code(verdict.kind === 'replay' ? 200 : 202).send({ status: verdict.kind });
      },
    );
  });
}
