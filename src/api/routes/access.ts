import { z } from 'zod';
import { ROLES, type Role } from '../../domain/access.js';
import { createToken, listTokens, revokeToken, TOKEN_NAME } from '../../ledger/tokens.js';
import { OwnId } from '../page.js';
import type { ApiApp, ApiParts } from '../parts.js';
import { problem, refusals } from '../problems.js';

const RoleName = z.enum(Object.keys(ROLES) as [Role, ...Role[]]);

const KnownToken = z
  .object({
    id: z.uuid(),
    name: z.string(),
    role: RoleName,
    createdAt: z.date(),
    createdBy: z.string(),
    lastUsedAt: z.date().nullable().describe('to the minute'),
    revokedAt: z.date().nullable(),
    revokedBy: z.string().nullable(),
  })
  .meta({ id: 'Token' });

/** Who asks, and the tokens. */
export function addAccessRoutes(app: ApiApp, { db, clock }: ApiParts): void {
  app.get(
    '/me',
    {
      config: { role: 'viewer' },
      schema: { summary: 'Whose token this is', response: { 200: z.object({ name: z.string(), role: RoleName }) } },
    },
    async ({ actor }) => actor,
  );
  app.get(
    '/tokens',
    {
      config: { role: 'admin' },
      schema: {
        summary: 'Tokens, without their secrets',
        querystring: z.strictObject({ all: z.enum(['true', 'false']).optional().describe('revoked ones as well') }),
        response: { 200: z.object({ tokens: z.array(KnownToken) }) },
      },
    },
    async ({ query }) => ({ tokens: await listTokens(db, { all: query.all === 'true' }) }),
  );
  app.post(
    '/tokens',
    {
      config: { role: 'admin' },
      schema: {
        summary: 'Make a token',
        body: z.strictObject({
          name: z.string().regex(TOKEN_NAME.pattern, TOKEN_NAME.says).describe('unique among those not revoked'),
          role: RoleName,
        }),
        response: {
          201: z.object({ token: KnownToken, text: z.string().describe('the token itself: told this once') }),
          ...refusals(409),
        },
      },
    },
    async ({ body, actor }, reply) => {
      const made = await createToken(db, { ...body, by: actor.name, now: clock.now() });
      if (!made) return reply.code(409).send(problem('conflict', `There is a token named ${body.name} already.`));
      return reply.code(201).send(made);
    },
  );
  app.delete(
    '/tokens/:id',
    {
      config: { role: 'admin' },
      schema: {
        summary: 'Take a token back: from the next request on it is refused',
        params: z.object({ id: OwnId }),
        response: { 200: z.object({ token: KnownToken }), ...refusals(404) },
      },
    },
    async ({ params, actor }, reply) => {
      const token = await revokeToken(db, params.id, actor.name, clock.now());
      if (!token) return reply.code(404).send(problem('not_found', 'No token of that id can be used any more.'));
      return reply.code(200).send({ token });
    },
  );
}
