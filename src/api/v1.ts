import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type AccessOptions, addAccess } from './access.js';
import { DESCRIPTION } from './description.js';
import type { ApiParts } from './parts.js';
import { problem, problemHandler } from './problems.js';
import { addAccessRoutes } from './routes/access.js';
import { addApprovalsRoutes } from './routes/approvals.js';
import { addBookRoutes } from './routes/books.js';
import { addCallRoutes } from './routes/calls.js';
import { addCaseRoutes } from './routes/cases.js';
import { addChangeRoutes } from './routes/changes.js';
import { addSendingRoutes } from './routes/sending.js';
import { addSubmissionRoutes } from './routes/submissions.js';

/** Far above any request of ours; a route that takes more says so with `bodyLimit`. */
const LARGEST_BODY = 64 * 1024;

/** The modules of routes, each of them a file of routes/. */
const MODULES = [
  addAccessRoutes,
  addBookRoutes,
  addChangeRoutes,
  addApprovalsRoutes,
  addSendingRoutes,
  addCaseRoutes,
  addSubmissionRoutes,
  addCallRoutes,
];

/** The API below /v1: tokens and roles, one shape of problems, its own description as OpenAPI. */
export async function addV1(
  app: FastifyInstance,
  parts: ApiParts,
  limits: Pick<AccessOptions, 'requestsPerMinute' | 'failuresPerMinute'> = {},
): Promise<void> {
  await app.register(
    async (plain) => {
      const scope = plain.withTypeProvider<ZodTypeProvider>();
      scope.setValidatorCompiler(validatorCompiler);
      scope.setSerializerCompiler(serializerCompiler);
      scope.setErrorHandler(problemHandler(parts.log));
      scope.setNotFoundHandler(async (_request, reply) =>
        reply.code(404).send(problem('not_found', 'There is no such route.')),
      );
      await addAccess(plain, { ...parts, ...limits });
      scope.addHook('onRoute', (route) => {
        route.bodyLimit ??= LARGEST_BODY;
      });
      scope.addHook('onSend', async (_request, reply) => {
        reply.header('cache-control', 'no-store');
      });
      await scope.register(swagger, DESCRIPTION);
      scope.get(
        '/openapi.json',
        {
          config: { role: 'viewer' },
          schema: { summary: 'This description', response: { 200: z.record(z.string(), z.unknown()) } },
        },
        async () => ({ ...scope.swagger() }),
      );
      for (const add of MODULES) add(scope, parts);
    },
    { prefix: '/v1' },
  );
}
