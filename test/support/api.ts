import Fastify, { type InjectOptions } from 'fastify';
import { onTestFinished } from 'vitest';
import type { AccessOptions } from '../../src/api/access.js';
import type { ApiParts } from '../../src/api/parts.js';
import { addV1 } from '../../src/api/v1.js';
import { loadConfig } from '../../src/config/config.js';
import { ROLES, type Role } from '../../src/domain/access.js';
import { WaybillError } from '../../src/domain/failures.js';
import { createToken } from '../../src/ledger/tokens.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { testLedger } from './ledger.js';

export interface Asked {
  method?: InjectOptions['method'];
  /** A role whose token is sent, the text of a token, or null for none; admin unless given. */
  as?: Role | string | null | undefined;
  body?: unknown;
  headers?: Record<string, string>;
  from?: string;
}

export type TestApi = Awaited<ReturnType<typeof testApi>>;

type Limits = Pick<AccessOptions, 'requestsPerMinute' | 'failuresPerMinute'>;

/** The API below /v1 over a ledger, closed when the test has ended. Temporal is out of reach. */
export async function apiOver({ db, clock }: Pick<ApiParts, 'db' | 'clock'>, limits: Limits = {}) {
  const app = Fastify();
  onTestFinished(() => app.close());
  const temporal = async () => {
    throw new WaybillError('PrerequisiteMissing', 'Temporal cannot be reached.');
  };
  const log = createLogger({ subsystem: 'api', level: 'silent' });
  await addV1(app, { config: loadConfig({}), db, clock, log, temporal }, limits);
  return app;
}

/** The same over a ledger of its own, with a token for each role, named after it. */
export async function testApi(limits: Limits = {}) {
  const ledger = await testLedger();
  const { db, clock } = ledger;
  const app = await apiOver(ledger, limits);
  const tokens = new Map<string, string>();
  for (const role of Object.keys(ROLES) as Role[]) {
    const made = await createToken(db, { name: role, role, by: 'cli:test', now: clock.now() });
    tokens.set(role, made?.text ?? '');
  }
  const ask = async (url: string, { method = 'GET', as = 'admin', body, headers = {}, from }: Asked = {}) => {
    const token = as === null ? null : (tokens.get(as) ?? as);
    const answer = await app.inject({
      method,
      url,
      headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
      ...(body === undefined ? {} : { payload: body as object | string }),
      ...(from === undefined ? {} : { remoteAddress: from }),
    });
    return { status: answer.statusCode, headers: answer.headers, body: answer.json<Record<string, unknown>>() };
  };
  return { ...ledger, app, ask, tokens };
}
