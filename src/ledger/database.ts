import pg from 'pg';
import { WaybillError } from '../domain/failures.js';
import { type Statement, statementOf } from './statements.js';
import { unreachableDatabase } from './unreachable.js';

/** What a ledger function needs of a transaction: the same statements run inside one or alone. */
export interface Sql {
  /** Rows of a statement. Instants come as Date, int8 as bigint, numeric as text, json as values. */
  $queryRaw<T = unknown>(parts: TemplateStringsArray, ...values: unknown[]): Promise<T>;
  /** How many rows a statement changed. */
  $executeRaw(parts: TemplateStringsArray, ...values: unknown[]): Promise<number>;
}

export interface Database extends Sql {
  /** All or nothing; the callback may not do anything that is not in Postgres. */
  transaction<T>(work: (tx: Sql) => Promise<T>): Promise<T>;
  /** A statement of our own making, without parameters: definitions of tables, which take none. */
  run(sql: string): Promise<unknown>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  url: string;
  /** Connections kept at most. */
  maxConnections?: number;
}

/** A transaction that stands still so long has lost its process: what it holds must not be held for ever. */
const IDLE_IN_TRANSACTION_MS = 60_000;
const INT8_OID = 20;

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => (oid === INT8_OID ? BigInt : pg.types.getTypeParser(oid, format)),
};

/**
 * Opens the ledger's database; nothing is asked of it yet. Statements go to node-postgres, prepared once per connection:
 * Prisma owns schema and migrations (docs/adr/0009).
 * @throws WaybillError LedgerUnavailable from any statement where Postgres is out of reach; pg.DatabaseError where it refuses one
 */
export function openDatabase({ url, maxConnections = 10 }: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    options: `-c timezone=UTC -c idle_in_transaction_session_timeout=${IDLE_IN_TRANSACTION_MS}`,
  });
  // A connection that breaks while nothing is asked of it tells nobody else; the next statement opens another or says so.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return {
    ...sqlOn(pool),
    async transaction(work) {
      const client = await reached(pool.connect());
      let broken: Error | boolean = false;
      try {
        await reached(client.query('BEGIN'));
        const result = await work(sqlOn(client));
        await reached(client.query('COMMIT'));
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch((cause: Error) => {
          broken = cause;
        });
        throw error;
      } finally {
        client.release(broken);
      }
    },
    run: (sql) => reached(pool.query(sql)),
    close: () => pool.end(),
  };
}

type Queryable = Pick<pg.Pool, 'query'> | Pick<pg.PoolClient, 'query'>;

function sqlOn(client: Queryable): Sql {
  const query = (statement: Statement, values: unknown[]) =>
    reached(client.query<pg.QueryResultRow>({ ...statement, values, types }));
  return {
    $queryRaw: async <T>(parts: TemplateStringsArray, ...values: unknown[]) =>
      (await query(statementOf(parts), values)).rows as T,
    $executeRaw: async (parts, ...values) => (await query(statementOf(parts), values)).rowCount ?? 0,
  };
}

/** SQLSTATE classes of a server that is going, starting, or out of resources: another attempt helps. */
const UNAVAILABLE = /^(08|53|57P)/;

/** Tells a Postgres that is out of reach from one that refuses a statement. */
async function reached<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (cause) {
    if (cause instanceof pg.DatabaseError && !UNAVAILABLE.test(cause.code ?? '')) throw cause;
    const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : null;
    throw new WaybillError('LedgerUnavailable', 'Postgres cannot be reached, or broke the connection.', {
      cause,
      ...(code === null ? {} : { code }),
    });
  }
}

/** Text as Postgres can hold it: what broke an answer may be a byte 0, and the row that says so must not fail over it. */
export const storableText = (text: string): string => text.replaceAll('\0', '\uFFFD');

/** SQLSTATE of a statement that Postgres refused; null for any other error. */
export const sqlStateOf = (error: unknown): string | null =>
  error instanceof pg.DatabaseError ? (error.code ?? null) : null;

/** Asks for an answer, so that an unreachable Postgres ends in one sentence instead of in the first statement that needs it. */
export async function checkDatabase(db: Sql, url: string): Promise<void> {
  try {
    await db.$queryRaw`SELECT 1`;
  } catch (cause) {
    throw unreachableDatabase(url, cause);
  }
}

/** The first row, where a statement always gives one. */
export function only<T>(rows: readonly T[], what: string): T {
  const row = rows[0];
  if (row === undefined)
    throw new WaybillError('LedgerConflict', `${what}: the ledger gave no row`, { retryable: false });
  return row;
}
