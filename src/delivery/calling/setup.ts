import type { CallingHours } from '../../domain/calling-hours.js';

/** What calls are made with, from the configuration. */
export interface CallingSetup {
  /** Name of the provider, which is that of its row in `source` and of its queue. */
  provider: string;
  /** Our number, in E.164. */
  from: string;
  /** ISO 3166 code of the country that numbers without a country code belong to; null where none is configured. */
  region: string | null;
  /** The same of forms that name a country of their own, by their source. */
  formRegions?: ReadonlyMap<string, string>;
  /** Zone of those who ask for calls; null: every zone of the number's region counts. */
  zone: string | null;
  hours: CallingHours;
  /** Addresses that the provider is given with a call, each with our key in it. */
  addresses(key: string): { url: string; statusCallback: string };
}
