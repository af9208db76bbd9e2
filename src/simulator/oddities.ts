import { type Oddity, PROFILES, type Profile } from './oddity.js';
import { ODDITY_TABLE } from './oddity-table.js';

export { type Oddity, PROFILES, type Profile } from './oddity.js';

export type OddityName = (typeof ODDITY_TABLE)[number]['name'];
export const ODDITIES: readonly (Oddity & { name: OddityName })[] = ODDITY_TABLE;

const RATES: ReadonlyMap<string, number> = new Map(ODDITY_TABLE.map((oddity) => [oddity.name, oddity.rate]));

export function isOddityName(name: string): name is OddityName {
  return RATES.has(name);
}

/** Share in [0, 1] of what an oddity is about that shows it while it is on. */
export type RateOf = (name: OddityName) => number;

/** The rates of the table, but for those that a world was made with. */
export function ratesOf(given: Partial<Record<OddityName, number>> = {}): RateOf {
  return (name) => given[name] ?? RATES.get(name) ?? 0;
}

export function isProfile(name: string): name is Profile {
  return (PROFILES as readonly string[]).includes(name);
}

/** How often it shows, for people: `2 % of new threads`. */
export function describeRate(oddity: Oddity): string {
  return `${Number((oddity.rate * 100).toFixed(1))} % of ${oddity.of}`;
}
