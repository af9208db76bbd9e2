import type { FastifyInstance } from 'fastify';
import type { Clock } from '../domain/clock.js';
import type { Form, FormRefusal } from '../domain/forms.js';
import type { Timing } from '../domain/timing.js';
import { createFormIngress } from '../ingress/form-webhook.js';
import { createRefusalCounter } from '../ingress/refusal-counter.js';
import type { Database } from '../ledger/database.js';
import { countFormRefusals } from '../ledger/form-refusals.js';
import type { Logger } from '../telemetry/logger.js';
import { webhookScope } from './webhook-scope.js';

export interface FormWebhookOptions {
  db: Database;
  clock: Clock;
  log: Logger;
  timing: Timing;
  mailboxGroup: string;
  forms: readonly Form[];
  perMinute: number;
  /** Told when a submission waits for its lifecycle; what it does about it must not fail. */
  onStored(): void;
}

const STATUS: Record<FormRefusal, number> = {
  forged: 401,
  stale: 401,
  oversized: 413,
  too_many: 429,
  unknown_form: 404,
};
const LEAST_BODY = 1_024;

/**
 * `POST /webhooks/forms/:form`: 202 when the submission is in the ledger, 200 for a replay or what is held already. Refused deliveries
 * leave a count by cause and day, under the name of a form that exists or under none.
 */
export async function addFormWebhooks(app: FastifyInstance, options: FormWebhookOptions): Promise<void> {
  const { db, clock, log, forms, perMinute, onStored } = options;
  const refusals = createRefusalCounter({
    db,
    clock,
    count: countFormRefusals,
    say: (source, reason: FormRefusal, count) => log.warn({ event: 'submission.refused', source, reason, count }),
  });
  app.addHook('onClose', () => refusals.flushed());
  const byName = new Map(forms.map((form) => [form.name, form]));
  const take = createFormIngress(options);
  const sourceOf = (url: string) =>
    byName.get(/^\/webhooks\/forms\/([a-z0-9-]+)(?:\?|$)/.exec(url)?.[1] ?? '')?.source ?? '';
  const onRefused = (cause: FormRefusal, url: string) => refusals.add(sourceOf(url), cause);
  await webhookScope(app, { log, perMinute, onRefused }, (scope) => {
    for (const form of forms) {
      scope.post(
        `/webhooks/forms/${form.name}`,
        { bodyLimit: Math.max(LEAST_BODY, form.maxBytes) },
        async (request, reply) => {
          const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
          const verdict = await take({ form, headers: request.headers, body });
          if (verdict.kind === 'refused') {
            refusals.add(form.source, verdict.cause);
            return reply.code(STATUS[verdict.cause]).send({ status: verdict.cause });
          }
          const isNew = verdict.kind === 'stored' || verdict.kind === 'parked' || verdict.kind === 'canary';
          if (verdict.kind === 'stored') onStored();
          if (verdict.kind === 'parked')
            log.warn({ event: 'submission.parked', source: form.source, reason: 'submission_invalid' });
          return reply.code(isNew ? 202 : 200).send({ status: verdict.kind });
        },
      );
    }
    scope.post('/webhooks/forms/:form', { bodyLimit: LEAST_BODY }, async (_request, reply) => {
      refusals.add('', 'unknown_form');
      return reply.code(STATUS.unknown_form).send({ status: 'unknown_form' });
    });
  });
}
