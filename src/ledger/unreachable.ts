import { WaybillError } from '../domain/failures.js';

/** One sentence for a Postgres that does not let us in; the address without user and password. */
export function unreachableDatabase(url: string, cause: unknown): WaybillError {
  const { host, pathname } = new URL(url);
  return new WaybillError(
    'LedgerUnavailable',
    `Postgres at ${host}${pathname} cannot be reached or refuses us: check WAYBILL_DATABASE_URL and that the server runs.`,
    { cause },
  );
}
