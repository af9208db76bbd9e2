import type { FastifyInstance } from 'fastify';
import { type CallWebhookDeps, takeCallStatus } from '../ingress/call-webhook.js';
import type { Logger } from '../telemetry/logger.js';
import { providerRefusals, REFUSAL_STATUS } from './refusals.js';
import { webhookScope } from './webhook-scope.js';

export interface CallWebhookOptions extends CallWebhookDeps {
  log: Logger;
  /** Deliveries a minute from one address, refused ones counted. */
  perMinute: number;
  /** Told which call has news; what it does about it must not fail. */
  onReport(call: { source: string; messageId: string }): void;
}

/** A status callback has about thirty short fields. */
const LARGEST_BODY = 32 * 1024;

/** `POST /webhooks/calls/:key`: status callbacks of the phone provider. 204 when it is in the ledger, also for a replay. */
export async function addCallWebhooks(app: FastifyInstance, options: CallWebhookOptions): Promise<void> {
  const { db, clock, log, provider, perMinute, onReport } = options;
  const refusals = providerRefusals({ db, clock, log });
  app.addHook('onClose', () => refusals.flushed());
  await webhookScope(app, { log, perMinute, onRefused: (cause) => refusals.add('', cause) }, (scope) => {
    scope.post<{ Params: { key: string } }>(
      '/webhooks/calls/:key',
      { bodyLimit: LARGEST_BODY },
      async ({ params: { key }, headers, body }, reply) => {
        const given = headers['x-twilio-signature'];
        const delivery = {
          key,
          signature: typeof given === 'string' ? given : '',
          body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
        };
        const verdict = await takeCallStatus(options, delivery);
        if (verdict.kind === 'refused') {
          refusals.add(verdict.cause === 'forged' ? '' : provider, verdict.cause);
          return reply.code(REFUSAL_STATUS[verdict.cause]).send({ status: verdict.cause });
        }
        onReport(verdict);
        return reply.code(204).send();
      },
    );
  });
}
