import { type Bench, goal } from '../report.js';
import { runConversations } from '../support/conversations.js';
import { withServers } from '../support/servers.js';

const CONVERSATIONS_PER_KILL = 50;
/** Until everything is settled; with two cores to itself the whole size takes less. */
const WITHIN_MS = 12 * 60_000;

export const bench: Bench = {
  describe: '1,000 conversations over every route with 5 % faults and the worker killed twenty times: one ending each',
  size: 1_000,
  run: ({ seed, size, say }) =>
    withServers(async (servers) => {
      const kills = Math.max(1, Math.round(size / CONVERSATIONS_PER_KILL));
      const account = await runConversations(servers, { conversations: size, kills, seed, withinMs: WITHIN_MS, say });
      return {
        goals: [
          goal('inbound messages without one ending or a named wait', account.unsettled, 'messages', '= 0'),
          goal('obtainable and missing', account.missing, 'messages', '= 0'),
          goal('answered twice', account.answeredTwice, 'messages', '= 0'),
          goal('calls placed twice', account.calledTwice, 'calls', '= 0'),
          goal('replies to automatic mail', account.repliesToMachines, 'replies', '= 0'),
          goal('bursts without one answer and five endings', account.brokenBursts, 'threads', '= 0'),
          goal('handed off twice', account.handedOffTwice, 'messages', '= 0'),
          goal('residual ids of the balance', account.residuals, 'ids', '= 0'),
        ],
        details: { account },
      };
    }),
};
