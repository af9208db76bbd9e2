import { expect, it } from 'vitest';
import { runConversations } from '../../bench/support/conversations.js';
import { testDatabase, testNamespace } from '../support/servers.js';

const MINUTES = 60_000;

/** The short form of `npm run prove -- conversations`. */
it(
  'conversations of every route, with faults and a worker that is killed, end once each; nobody is answered or called twice',
  async () => {
    const servers = { database: testDatabase, namespace: testNamespace };
    const size = { conversations: 100, kills: 3, withinMs: 6 * MINUTES };
    const account = await runConversations(servers, { ...size, seed: 1, say: () => undefined });
    const nothing = { unsettled: 0, missing: 0, answeredTwice: 0, calledTwice: 0, repliesToMachines: 0 };
    expect(account).toMatchObject({ ...nothing, brokenBursts: 0, handedOffTwice: 0, residuals: 0 });
    expect(account.bursts).toBeGreaterThan(2);
    expect(account.calls).toBeGreaterThan(2);
    expect(account.handOffs).toBeGreaterThan(2);
    expect(Object.keys(account.endings)).toEqual(
      expect.arrayContaining(['answered', 'answered_with', 'callback_done', 'escalated', 'handed_off_done', 'ignored']),
    );
  },
  8 * MINUTES,
);
