import { getCountry } from 'countries-and-timezones';
import { isZone } from './hours.js';

export interface ZoneHints {
  /** Named by the request itself. */
  request?: string | null;
  /** Known of the customer. */
  customer?: string | null;
  /** Configured for where the request came from. */
  source?: string | null;
  /** ISO 3166 code of the number's country. */
  region: string;
}

/**
 * The zones in all of which it has to be an hour for calls: the one that the request names, else the customer's, else that of the
 * source, else every zone of the number's region. A name that is no zone counts as none. Empty where nothing is known.
 */
export function zonesFor({ request, customer, source, region }: ZoneHints): string[] {
  const known = [request, customer, source].find((zone): zone is string => typeof zone === 'string' && isZone(zone));
  if (known !== undefined) return [known];
  return (getCountry(region)?.timezones ?? []).filter(isZone).sort();
}
