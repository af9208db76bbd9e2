import { type Bench, goal } from '../report.js';
import { runConversations } from '../support/conversations.js';
import { withServers } from '../support/servers.js';

export const bench: Bench = {
  describe: '1,000 conversations over every route with 5 % faults and the worker killed twenty times: one ending each',
  run: ({ seed, say }) =>
    withServers(async (servers) => {
      const account = await runConversations(servers, { conversations: 1_000, kills: 20, seed, say });
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
