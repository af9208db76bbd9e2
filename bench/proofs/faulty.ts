import type { Bench } from '../report.js';
import { proveIntake } from '../support/intake-proof.js';

export const bench: Bench = {
  describe: 'the faulty profile with live traffic: nothing obtainable is missing, nothing is stored twice',
  run: (context) => proveIntake({ threads: 1_000, trafficPerHour: 3_600, kills: 0, liveMessages: 120 }, context),
};
