import type { Clock } from '../domain/clock.js';
import type { Timing } from '../domain/timing.js';
import { type CallRequest, type PriorPage, readPriorPage } from '../ledger/calls.js';
import type { Database } from '../ledger/database.js';
import type { OutboxRow } from '../ledger/outbox.js';
import { recordMessagePage } from '../ledger/record-messages.js';
import { hurryThread, noteThreadAbsent } from '../ledger/visits.js';
import { callProvider, type ProviderCallDeps } from '../sources/provider-call.js';
import { ProviderFailure } from '../sources/source.js';

/** A look reads the newest pages only; what lies deeper goes to a person. Source: DESIGN "Sending once". */
const MOST_PAGES = 4;

export interface LookDeps extends ProviderCallDeps {
  db: Database;
  clock: Clock;
  timing: Timing;
  adapterVersionOf(source: string): string;
}

export interface LookTarget {
  reply: OutboxRow;
  providerThreadId: string;
  providerMessageId: string;
  attempt: number;
}

export type Seen =
  /** The thread shows our reply. */
  { our: true; providerMessageId: string } | { our: false; answered: 'found' | 'gone' | 'too_deep' };

/**
 * Reads a thread newest first down to the message that is answered, recording every page like any other, and says whether our
 * reply is there already. At most four calls.
 */
export async function lookIntoThread(deps: LookDeps, target: LookTarget): Promise<Seen> {
  const { reply, attempt } = target;
  let afterCall: string | null = null as string | null;
  for (let page = 0; page < MOST_PAGES; page++) {
    const prior: PriorPage | null = afterCall === null ? null : await readPriorPage(deps.db, afterCall);
    const cursor: string | null = prior?.nextCursor ?? null;
    const request: Omit<CallRequest, 'now'> = {
      source: reply.source,
      operation: 'listMessages',
      parameters: { thread: target.providerThreadId, purpose: 'look', page },
      threadId: reply.threadId,
      messageId: reply.messageId,
      readingId: prior?.readingId ?? null,
      page,
      attempt,
    };
    try {
      const { call, answer } = await callProvider(deps, request, (client) =>
        client.listMessages({ providerThreadId: target.providerThreadId, cursor }),
      );
      const { next } = await recordMessagePage(deps.db, call, answer, {
        threadId: reply.threadId,
        firstSeenBy: 'look',
        adapterVersion: deps.adapterVersionOf(reply.source),
        now: deps.clock.now(),
        timing: deps.timing,
      });
      const rows = answer.items.flatMap((item) => (item.ok ? [item.value] : []));
      const ours = rows.find((row) => row.clientRef === reply.clientRef);
      if (ours) return { our: true, providerMessageId: ours.providerMessageId };
      if (rows.some((row) => row.providerMessageId === target.providerMessageId))
        return { our: false, answered: 'found' };
      if (next === 'end') {
        // A look closes no reading: whether it is really gone is for visits to say.
        await hurryThread(deps.db, reply.threadId, deps.clock.now());
        return { our: false, answered: 'gone' };
      }
      afterCall = call.id;
    } catch (error) {
      if (!(error instanceof ProviderFailure) || error.type !== 'SourceNotFound') throw error;
      const now = deps.clock.now();
      await noteThreadAbsent(deps.db, { threadId: reply.threadId, begunAt: now, now, timing: deps.timing });
      return { our: false, answered: 'gone' };
    }
  }
  return { our: false, answered: 'too_deep' };
}
