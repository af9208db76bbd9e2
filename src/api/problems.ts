import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { WaybillError } from '../domain/failures.js';
import type { Logger } from '../telemetry/logger.js';

/** Why a request was not done, as a word for programs; the status is that of HTTP. */
export const PROBLEMS = {
  unreadable: 'the body is not JSON, or the request is not HTTP as it should be',
  unauthenticated: 'there is no token, or not one that is valid here',
  forbidden: 'the role of the token is too low',
  not_found: 'there is no such thing, or no such route',
  conflict: 'what is asked for does not fit what is there now',
  too_large: 'the body has more bytes than the route takes',
  unsupported_type: 'the body is of a type that the route does not take',
  invalid: 'a field is missing, unknown, or has a value that cannot be used',
  too_many: 'too many requests from this address, or too many with a bad token',
  failed: 'an error of ours; the log has it',
  unavailable: 'Postgres or Temporal is out of reach: ask again later',
} as const;
export type ProblemCode = keyof typeof PROBLEMS;

export const PROBLEM_STATUS = {
  unreadable: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  unsupported_type: 415,
  invalid: 422,
  too_many: 429,
  failed: 500,
  unavailable: 503,
} as const satisfies Record<ProblemCode, number>;

/** The body of every answer that is no success. */
export const Problem = z
  .object({
    error: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
    message: z.string().describe('one sentence for people'),
    problems: z
      .array(z.object({ at: z.string().describe('where, as body.role'), problem: z.string() }))
      .optional()
      .describe('with `invalid`: each field that cannot be used'),
    reason: z
      .string()
      .optional()
      .describe('with some: which of several things stands in the way, as a word for programs'),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;

/** What a route answers where it refuses: `return reply.code(404).send(problem('not_found', 'There is no such case.'))`. */
export const problem = (error: ProblemCode, message: string, reason?: string): Problem => ({
  error,
  message,
  ...(reason === undefined ? {} : { reason }),
});

/** Schemas of a route's refusals, by status, for its `response`. */
export const refusals = <S extends number>(...statuses: S[]): Record<S, typeof Problem> =>
  Object.fromEntries(statuses.map((status) => [status, Problem])) as Record<S, typeof Problem>;

const BY_STATUS = new Map<number, ProblemCode>(
  Object.entries(PROBLEM_STATUS).map(([code, status]): [number, ProblemCode] => [status, code as ProblemCode]),
);

type Thrown = Partial<FastifyError> & Error;

/** Turns whatever a route or a hook throws into a Problem. Texts of errors of our own are not told: they may quote a customer. */
export function problemHandler(log: Logger) {
  return async (error: Thrown, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const body = describe(error, request);
    const status = PROBLEM_STATUS[body.error];
    if (status >= 500) {
      const route = request.routeOptions.url ?? 'unknown';
      log.error({ event: 'request.failed', method: request.method, route, status, requestId: request.id, error });
    }
    await reply.code(status).send(body);
  };
}

function describe(error: Thrown, request: FastifyRequest): Problem {
  if (hasZodFastifySchemaValidationErrors(error)) {
    const part = error.validationContext ?? 'request';
    const problems = error.validation.map(({ instancePath, message }) => ({
      at: [part, ...instancePath.split('/').filter((step) => step !== '')].join('.'),
      problem: message ?? 'cannot be used',
    }));
    const named = problems.map((one) => `${one.at}: ${one.problem}`).join('; ');
    return { ...problem('invalid', `The request cannot be understood: ${named}.`), problems };
  }
  if (error instanceof WaybillError) return describeOurs(error);
  const code = codeOf(error.statusCode ?? 500);
  if (code === 'failed') return problem('failed', `The request failed; the log has it under the id ${request.id}.`);
  return problem(code, `${error.message.replace(/\.$/, '')}.`);
}

const codeOf = (status: number): ProblemCode =>
  BY_STATUS.get(status) ?? (status >= 400 && status < 500 ? 'unreadable' : 'failed');

function describeOurs({ type, message }: WaybillError): Problem {
  if (type === 'UsageWrong') return problem('invalid', message);
  if (type === 'LedgerConflict')
    return problem('conflict', 'The ledger holds something else than this request expects.');
  if (type === 'LedgerUnavailable') return problem('unavailable', 'Postgres cannot be reached.');
  if (type === 'PrerequisiteMissing') return problem('unavailable', 'Something that this needs cannot be reached.');
  return problem('failed', `The request failed (${type}); the log has more.`);
}
