import { createHash, timingSafeEqual } from 'node:crypto';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { OutcomeBody } from '../../contracts/hand-off-steps.js';
import type { Clock } from '../../domain/clock.js';
import { handOffWorkflowId, lifecycleWorkflowId } from '../../domain/identity.js';
import type { Database } from '../../ledger/database.js';
import { reportOutcome } from '../../ledger/hand-offs.js';
import type { Logger } from '../../telemetry/logger.js';
import { OwnId } from '../page.js';
import { type Problem, problem } from '../problems.js';
import type { Waker } from '../waker.js';

export interface OutcomeParts {
  db: Database;
  clock: Clock;
  log: Logger;
  platforms: readonly { name: string; token: string | null }[];
  waker: Pick<Waker, 'wake'>;
  /** Name of whoever holds this bearer token and may act as an operator; null for anybody else. */
  operatorOf(token: string): Promise<string | null>;
  /** Requests a minute from one address, refused ones counted. */
  perMinute?: number;
}

const LARGEST_BODY = 8 * 1024;
const PER_MINUTE = 600;
const Params = z.strictObject({ id: OwnId });

/**
 * `POST /v1/messages/:id/outcome`: an outside platform says what became of a message that was handed off to it, by a token of its
 * own, for its own hand-offs alone; or an operator says it for any. Recorded before it is answered: 200 for a first or repeated
 * report and for a late one, which changes nothing; 409 where something else was reported before; 404 for what was never handed
 * off to it.
 */
export async function addOutcomeRoutes(app: FastifyInstance, parts: OutcomeParts): Promise<void> {
  const { db, clock, log, waker, perMinute = PER_MINUTE } = parts;
  await app.register(async (scope) => {
    await scope.register(rateLimit, { global: false });
    // Before the token is looked at, so that whoever guesses one is slowed down by guessing.
    scope.addHook('onRequest', scope.rateLimit({ max: perMinute, timeWindow: '1 minute' }));
    scope.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
      const status = error.statusCode ?? 503;
      if (status >= 500) log.error({ event: 'request.failed', method: 'POST', route: 'outcomes', status, error });
      return reply.code(status).send(refusalOf(status));
    });
    scope.post<{ Params: { id: string } }>(
      '/v1/messages/:id/outcome',
      { bodyLimit: LARGEST_BODY },
      async ({ params, headers, body }, reply) => {
        const reporter = await whoReports(parts, headers.authorization);
        if (!reporter)
          return reply.code(401).send(problem('unauthenticated', 'A valid token is needed: Authorization: Bearer ...'));
        const id = Params.safeParse(params);
        const given = OutcomeBody.safeParse(body);
        if (!id.success) return reply.code(404).send(NEVER_HANDED_OFF);
        if (!given.success)
          return reply
            .code(422)
            .send({ ...problem('invalid', 'The outcome cannot be understood.'), problems: problemsOf(given.error) });
        const messageId = id.data.id;
        const report = { messageId, outcome: given.data, ...reporter, now: clock.now() };
        const reported = await db.transaction((tx) => reportOutcome(tx, report));
        if (reported.kind === 'unknown') return reply.code(404).send(NEVER_HANDED_OFF);
        const { source, platform, outcome } = reported.handOff;
        if (reported.kind === 'contradicted')
          return reply
            .code(409)
            .send(
              problem(
                'conflict',
                `Something else was reported before, and that counts: ${outcome?.status}.`,
                outcome?.status,
              ),
            );
        const { kind: status, late } = reported;
        if (status === 'recorded')
          log.info({ event: 'outcome.reported', messageId, platform, state: given.data.status, late });
        // Also for a repeated one: the word that followed the first may have been lost.
        waker.wake([lifecycleWorkflowId(source, messageId), handOffWorkflowId(messageId)]);
        return reply.code(200).send({ status, late });
      },
    );
  });
}

/** A platform reports for itself alone; an operator for any, which `platform: null` says. */
async function whoReports(
  { platforms, operatorOf }: OutcomeParts,
  authorization: string | undefined,
): Promise<{ platform: string | null; by: string } | null> {
  const token = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) return null;
  const platform = platforms.find((one) => one.token !== null && isSame(one.token, token));
  if (platform) return { platform: platform.name, by: `platform ${platform.name}` };
  const operator = await operatorOf(token);
  return operator === null ? null : { platform: null, by: operator };
}

/** Compares digests, so that neither length nor content of the token shows in the time that it takes. */
function isSame(known: string, given: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(known), digest(given));
}

/** Names of fields and what is wrong with each; never what was sent. */
const problemsOf = (error: z.ZodError): NonNullable<Problem['problems']> =>
  error.issues.map(({ path, code, message }) => ({
    at: ['body', ...path].join('.'),
    problem: code === 'unrecognized_keys' ? 'unknown fields' : message,
  }));

const NEVER_HANDED_OFF = problem('not_found', 'No such message was handed off to whoever asks.');

/** What could not be read, or not be done, before an outcome was looked at. */
function refusalOf(status: number): Problem {
  if (status >= 500) return problem('unavailable', 'The outcome could not be recorded: report it again.');
  if (status === 413) return problem('too_large', 'The body has more bytes than an outcome may have.');
  if (status === 415) return problem('unsupported_type', 'An outcome is JSON.');
  if (status === 429) return problem('too_many', 'Too many requests from this address.');
  return problem('unreadable', 'The body is not JSON.');
}
