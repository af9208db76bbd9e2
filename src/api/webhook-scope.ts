import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import type { Logger } from '../telemetry/logger.js';

export interface WebhookScope {
  log: Logger;
  /** Deliveries a minute from one address, refused ones counted: whoever guesses a signature is slowed down by guessing. */
  perMinute: number;
  /** Told of deliveries that were refused before a route saw them. */
  onRefused(cause: 'too_many' | 'oversized', url: string): void;
}

/**
 * A part of the API for signed deliveries: bodies stay raw bytes, and addresses are limited before a body is read or a signature
 * checked. What cannot be recorded is answered 503, so that the sender comes again.
 */
export async function webhookScope(
  app: FastifyInstance,
  { log, perMinute, onRefused }: WebhookScope,
  addRoutes: (scope: FastifyInstance) => void,
): Promise<void> {
  await app.register(async (scope) => {
    await scope.register(rateLimit, { global: false });
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.addHook('onRequest', scope.rateLimit({ max: perMinute, timeWindow: '1 minute' }));
    // What was signed is bytes: a type that cannot be read would be refused before anybody looked at them.
    scope.addHook('onRequest', async ({ raw: { headers } }) => {
      if (headers['content-type'] !== undefined) headers['content-type'] = 'application/octet-stream';
    });
    scope.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
      const status = error.statusCode ?? 500;
      const cause = status === 429 ? 'too_many' : status === 413 ? 'oversized' : null;
      if (cause) onRefused(cause, request.url);
      else log.error({ event: 'request.failed', method: 'POST', route: 'webhooks', status, error });
      return reply.code(cause ? status : 503).send({ status: cause ?? 'unavailable' });
    });
    addRoutes(scope);
  });
}
