import { checkBalance } from '../../src/assurance/balance.js';
import type { Rig } from '../../test/support/assemble-rig.js';
import { BURST, type Written } from './customers.js';

/** What became of the conversations, by the ledger and by the truth of every simulated party. */
export interface ConversationsAccount {
  inbound: number;
  endings: Record<string, number>;
  /** Inbound messages without exactly one ending or a named wait. */
  unsettled: number;
  missing: number;
  answeredTwice: number;
  /** Calls that the phone provider placed beyond the first to one customer: it connects each, so none is owed a second. */
  calledTwice: number;
  calls: number;
  /** Replies that answer mail of a machine. */
  repliesToMachines: number;
  /** Threads of five messages within a minute that do not have one answer and five endings. */
  brokenBursts: number;
  bursts: number;
  /** Bursts of which a person has something. */
  burstsWithPerson: number;
  /** Work that the platform was given under more than one webhook id. */
  handedOffTwice: number;
  handOffs: number;
  /** Ids that an equation of the balance does not explain. */
  residuals: number;
  kills: number;
}

interface Truths {
  /** Each to another number, where it was placed once. */
  phone: { to: string }[];
  platform(): { message: string; webhookId: string }[];
  kills: number;
}

/** Judged by those who cannot be wrong about it: what each simulated party did and was given. */
export async function drawConversations(
  rig: Rig,
  written: Written,
  truths: Truths,
  withinMs: number,
): Promise<ConversationsAccount> {
  const drawn = await rig.account(withinMs);
  const { replies } = await rig.truth();
  const works = truths.platform();
  const machines = new Set(written.machines);
  const endings = await rig.query<{ ending: string; n: number }>`
    SELECT COALESCE(disposition, state || ' ' || COALESCE(waiting_kind, '')) AS ending, count(*)::int AS n
    FROM message WHERE direction = 'inbound' GROUP BY 1 ORDER BY 1`;
  const [settled] = await rig.query<{ unsettled: number }>`
    SELECT count(*)::int AS unsettled FROM message m WHERE direction = 'inbound' AND NOT (
      (state = 'waiting' AND waiting_kind IS NOT NULL) OR (state = 'ended' AND (SELECT count(*) FROM lifecycle_event e
        WHERE e.message_id = m.id AND e.kind = 'ended') = 1 + (SELECT count(*) FROM lifecycle_event e
        WHERE e.message_id = m.id AND e.kind = 'reopened')))`;
  const ended = new Map(
    (
      await rig.query<{ thread: string; n: number }>`
        SELECT t.provider_thread_id AS thread, count(*)::int AS n FROM message m JOIN thread t ON t.id = m.thread_id
        WHERE m.direction = 'inbound' AND m.state = 'ended' GROUP BY 1`
    ).map(({ thread, n }) => [thread, n]),
  );
  const answers = (threadId: string): number => replies.filter((reply) => reply.threadId === threadId).length;
  // Where nobody can know whether a reply was executed a person has it, and there may be none; the endings are as many.
  const withPerson = new Set(
    (
      await rig.query<{ thread: string }>`
        SELECT t.provider_thread_id AS thread FROM message m JOIN thread t ON t.id = m.thread_id
        WHERE m.direction = 'inbound' AND m.disposition = 'escalated'`
    ).map(({ thread }) => thread),
  );
  const isBroken = (threadId: string): boolean =>
    ended.get(threadId) !== BURST ||
    (answers(threadId) !== 1 && !(answers(threadId) === 0 && withPerson.has(threadId)));
  const balance = await checkBalance(rig.db);
  return {
    inbound: endings.reduce((sum, { n }) => sum + n, 0),
    endings: Object.fromEntries(endings.map(({ ending, n }) => [ending.trim(), n])),
    unsettled: settled?.unsettled ?? -1,
    missing: drawn.missing ?? -1,
    answeredTwice: drawn.answeredTwice ?? -1,
    calledTwice: truths.phone.length - new Set(truths.phone.map(({ to }) => to)).size,
    calls: truths.phone.length,
    repliesToMachines: replies.filter(({ inReplyTo }) => inReplyTo !== null && machines.has(inReplyTo)).length,
    brokenBursts: written.bursts.filter(isBroken).length,
    bursts: written.bursts.length,
    burstsWithPerson: written.bursts.filter((threadId) => withPerson.has(threadId)).length,
    handedOffTwice: works.length - new Set(works.map(({ message }) => message)).size,
    handOffs: works.length,
    residuals: balance.equations.reduce((sum, one) => sum + one.residuals + Math.abs(one.left - one.right), 0),
    kills: truths.kills,
  };
}
