import type { Clock } from '../../domain/clock.js';
import type { Timing } from '../../domain/timing.js';
import type { Database } from '../../ledger/database.js';
import type { Courtesy } from '../../sources/courtesy.js';
import type { PhoneClient } from '../../sources/phone/client.js';
import type { ProviderCallDeps } from '../../sources/provider-call.js';
import type { CallingSetup } from './setup.js';

export interface CallDeps {
  db: Database;
  clock: Clock;
  timing: Timing;
  courtesy?: Courtesy;
  calling: CallingSetup | null;
  phoneOf(provider: string): PhoneClient;
}

/** The same as a way to the phone provider. */
export const byPhone = ({ db, clock, timing, courtesy, phoneOf }: CallDeps): ProviderCallDeps<PhoneClient> => ({
  db,
  clock,
  timing,
  clientOf: phoneOf,
  ...(courtesy ? { courtesy } : {}),
});
