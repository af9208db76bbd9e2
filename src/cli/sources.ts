import { WaybillError } from '../domain/failures.js';
import type { Sql } from '../ledger/database.js';
import { everySourceName, sourceNames } from '../ledger/sources.js';

/**
 * The source that a command names, or all that the ledger knows: dashboards, or with `every` whatever has a row.
 * @throws WaybillError UsageWrong for a name that it does not know: a mistyped one must not read as "nothing there"
 */
export async function chooseSources(
  db: Sql,
  wanted: string | undefined,
  of: 'dashboards' | 'every' = 'dashboards',
): Promise<string[]> {
  const known = await (of === 'every' ? everySourceName(db) : sourceNames(db));
  if (wanted === undefined) return known;
  if (known.includes(wanted)) return [wanted];
  const names = known.length === 0 ? 'there is none yet' : `there are ${known.join(', ')}`;
  throw new WaybillError('UsageWrong', `The ledger knows no source "${wanted}": ${names}.`, { retryable: false });
}

/** What a command says of all sources where there is none. */
export const NO_SOURCE = 'No source has been bound yet: `npm start` binds one.';
