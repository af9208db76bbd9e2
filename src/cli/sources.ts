import type { Config } from '../config/config.js';
import { WaybillError } from '../domain/failures.js';
import type { Sql } from '../ledger/database.js';
import { everySourceName, sourceNames } from '../ledger/sources.js';
import { configuredSources } from '../workers/configured-sources.js';

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

/** The one dashboard that a command works on: configured here, or known to the ledger alone, as one that only its worker can reach. */
export async function chooseOneSource(config: Config, db: Sql, named: string | undefined): Promise<string> {
  const configured = configuredSources(config).map((source) => source.name);
  if (named !== undefined && configured.includes(named)) return named;
  const [source, ...others] =
    named === undefined && configured.length > 0 ? configured : await chooseSources(db, named);
  if (source === undefined) throw new WaybillError('UsageWrong', NO_SOURCE, { retryable: false });
  if (others.length === 0) return source;
  const list = [source, ...others].join(', ');
  throw new WaybillError('UsageWrong', `Name the source with --source: there are ${list}.`, { retryable: false });
}
