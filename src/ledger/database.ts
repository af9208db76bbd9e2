import { PrismaPg } from '@prisma/adapter-pg';
import { WaybillError } from '../domain/failures.js';
import { type Prisma, PrismaClient } from './generated/client.js';
import { unreachableDatabase } from './unreachable.js';

/** What a ledger function needs of a transaction: the same statements run inside one or alone. */
export type Sql = Pick<Prisma.TransactionClient, '$queryRaw' | '$executeRaw'>;

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

/** Opens the ledger's database; nothing is asked of it yet. Errors of Postgres come as Prisma throws them. */
export function openDatabase({ url, maxConnections = 10 }: DatabaseOptions): Database {
  const adapter = new PrismaPg({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    options: '-c timezone=UTC',
  });
  const prisma = new PrismaClient({ adapter });
  return {
    $queryRaw: prisma.$queryRaw.bind(prisma) as Sql['$queryRaw'],
    $executeRaw: prisma.$executeRaw.bind(prisma) as Sql['$executeRaw'],
    transaction: (work) => prisma.$transaction((tx) => work(tx), { maxWait: 10_000, timeout: 30_000 }),
    run: (sql) => prisma.$executeRawUnsafe(sql),
    close: () => prisma.$disconnect(),
  };
}

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
