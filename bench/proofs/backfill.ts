import { type Bench, goal } from '../report.js';
import { type BackfillAccount, proveBackfill } from '../support/backfill-proof.js';
import { withServers } from '../support/servers.js';

const PROFILES = ['observed', 'faulty'] as const;
const THREADS = 2_000;
const KILLS = 5;
const RATE = 100;

export const bench: Bench = {
  describe: 'what a 1-day poller left out is brought in, with kills and restarts on the way, and nobody is answered',
  run: ({ seed, say }) =>
    withServers(async (servers) => {
      const accounts: BackfillAccount[] = [];
      for (const profile of PROFILES) {
        const shared = { threads: THREADS, seed, kills: KILLS, rate: RATE, restart: servers, say };
        accounts.push(await proveBackfill(servers, { profile, ...shared }));
      }
      const goals = accounts.flatMap((one) => [
        goal(`${one.profile}: obtainable and missing`, one.missing, 'messages', '= 0'),
        goal(`${one.profile}: stored twice`, one.storedTwice, 'messages', '= 0'),
        goal(`${one.profile}: replies`, one.replies, 'replies', '= 0'),
        goal(`${one.profile}: residual ids of the balance`, one.residuals, 'ids', '= 0'),
        goal(`${one.profile}: months that the report has wrong`, one.wrongMonths.length, 'months', '= 0'),
        goal(`${one.profile}: last call after a pause`, one.again.lastCallAfterMs / 1_000, 's', '<= 2'),
        goal(`${one.profile}: calls while paused, after restarts`, one.again.callsWhileHeld, 'calls', '= 0'),
        ...(one.profile === 'observed'
          ? [goal(`${one.profile}: message calls of the one resumed to the least`, one.again.ratio, 'x', '<= 1.01')]
          : []),
      ]);
      return { goals, details: { threads: THREADS, kills: KILLS, accounts } };
    }),
};
