import type { Bench } from '../report.js';
import { proveIntake } from '../support/intake-proof.js';

export const bench: Bench = {
  describe: 'the same with the worker killed ten times at random moments',
  run: (context) => proveIntake({ threads: 1_000, trafficPerHour: 3_600, kills: 10, liveMessages: 120 }, context),
};
