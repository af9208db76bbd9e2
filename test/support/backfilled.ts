import { randomUUID } from 'node:crypto';
import type { BackfillCause, BackfillMode } from '../../src/domain/backfill.js';
import { only } from '../../src/ledger/database.js';
import { DAY, iso, START } from './clock.js';
import { incomingMessage, incomingThread, outgoingMessage } from './incoming.js';
import type { TestLedger } from './ledger.js';

/** What the provider holds of a thread, and what the ledger had of it. Times are before START, ms. */
export interface WalkedThread {
  id: string;
  createdAgo: number;
  state: 'listed' | 'taken' | 'read' | 'gone' | 'unread';
  known: boolean;
  messages: WalkedMessage[];
  calls?: number;
  parked?: number;
}

export interface WalkedMessage {
  id: string;
  writtenAgo: number;
  outbound?: boolean;
  /** Ours before; or why not. */
  was: 'ours' | BackfillCause;
  route?: string;
}

export interface Walk {
  mode?: BackfillMode;
  state?: 'running' | 'done';
  fromAgo: number;
  listings: { fromAgo: number; toAgo: number; because?: string }[];
  threads: WalkedThread[];
}

export const monthOf = (ago: number): string => iso(-ago).slice(0, 7);
const at = (ago: number): Date => new Date(START.getTime() - ago);

/** Fills the ledger as a naive intake would have, and then the tables of a backfill by hand. Gives its id. */
export async function fillBackfill(ledger: TestLedger, walk: Walk): Promise<string> {
  const { db, clock } = ledger;
  const { mode = 'record', state = 'done' } = walk;
  const known = walk.threads.filter((thread) => thread.known);
  const incoming = known.map(({ id, createdAgo }) => incomingThread(id, { createdAt: iso(-createdAgo) }));
  if (incoming.length > 0) await ledger.list(incoming, { covering: false });
  for (const thread of known) {
    const held = thread.messages.filter((message) => message.was === 'ours');
    if (held.length > 0)
      await ledger.read(
        thread.id,
        held.map((message) => asIncoming(thread, message)),
      );
  }
  const begunAt = clock.advance(1_000);
  const rows = await db.$queryRaw<{ id: string }[]>`
    INSERT INTO backfill (source, name, workflow_id, mode, direction, from_at, to_at, width_ms, pace, position_at, state, asked_by, asked_at,
                          begun_at, ended_at)
    VALUES ('dashboard', 'year', ${`backfill/${randomUUID()}`}, ${mode}, 'newest_first', ${at(walk.fromAgo)}, ${START}, ${DAY}::bigint,
            '{}', ${START}, ${state}, 'test', ${begunAt}, ${begunAt}, ${state === 'done' ? new Date(begunAt.getTime() + 100_000) : null})
    RETURNING id`;
  const { id } = only(rows, 'backfill');
  clock.advance(1_000);
  for (const { fromAgo, toAgo, because = null } of walk.listings)
    await db.$executeRaw`
      INSERT INTO backfill_listing (backfill_id, from_at, to_at, outcome, because, at)
      VALUES (${id}::uuid, ${at(fromAgo)}, ${at(toAgo)}, ${because === null ? 'listed' : 'unlisted'}, ${because}, ${clock.now()})`;
  for (const thread of walk.threads) await fillThread(ledger, id, mode, thread);
  return id;
}

const asIncoming = (thread: WalkedThread, { id, writtenAgo, outbound }: WalkedMessage) =>
  (outbound ? outgoingMessage : incomingMessage)(id, { providerThreadId: thread.id, originAt: iso(-writtenAgo) });

async function fillThread(ledger: TestLedger, id: string, mode: BackfillMode, thread: WalkedThread): Promise<void> {
  const { db, clock } = ledger;
  const stores = mode !== 'report';
  if (stores && !thread.known)
    await ledger.list([incomingThread(thread.id, { createdAt: iso(-thread.createdAgo) })], { covering: false });
  const missed = thread.messages.filter((message) => message.was !== 'ours');
  if (stores && missed.length > 0) {
    await ledger.read(
      thread.id,
      missed.map((message) => asIncoming(thread, message)),
    );
    await db.$executeRaw`
      UPDATE message SET backfill_id = ${id}::uuid WHERE provider_message_id = ANY (${missed.map((one) => one.id)}::text[])`;
  }
  const months: Record<string, { shown: number; known: number; shownInbound: number; knownInbound: number }> = {};
  for (const { writtenAgo, outbound, was } of thread.messages) {
    const month = monthOf(writtenAgo);
    months[month] ??= { shown: 0, known: 0, shownInbound: 0, knownInbound: 0 };
    months[month].shown += 1;
    months[month].known += was === 'ours' ? 1 : 0;
    months[month].shownInbound += outbound ? 0 : 1;
    months[month].knownInbound += !outbound && was === 'ours' ? 1 : 0;
  }
  const isRead = thread.state === 'read';
  const pages = isRead ? Math.max(1, Math.ceil(thread.messages.length / 25)) : null;
  await db.$executeRaw`
    INSERT INTO backfill_thread (backfill_id, provider_thread_id, thread_id, created_at, state, known, calls, pages, shown, missed, parked,
                                 months, because, closed_at)
    SELECT ${id}::uuid, ${thread.id}, (SELECT id FROM thread WHERE provider_thread_id = ${thread.id}), ${at(thread.createdAgo)},
           ${thread.state}, ${thread.known}, ${thread.calls ?? 1}::int, ${pages}::int, ${isRead ? thread.messages.length : null}::int,
           ${isRead ? missed.length : null}::int, ${thread.parked ?? 0}::int, ${isRead ? JSON.stringify(months) : null}::jsonb,
           ${thread.state === 'unread' ? 'SourceTrouble' : null}, ${isRead ? clock.now() : null}::timestamptz`;
  for (const message of missed)
    await db.$executeRaw`
      INSERT INTO backfill_find (backfill_id, provider_message_id, provider_thread_id, message_id, direction, channel, month, origin_at,
                                 thread_age_ms, route, cause, call_id, found_at)
      SELECT ${id}::uuid, ${message.id}, ${thread.id}, (SELECT id FROM message WHERE provider_message_id = ${message.id}),
             ${message.outbound ? 'outbound' : 'inbound'}, 'email', ${`${monthOf(message.writtenAgo)}-01`}::date, ${at(message.writtenAgo)},
             ${thread.createdAgo - message.writtenAgo}::bigint, ${message.outbound ? null : (message.route ?? 'email')}, ${message.was},
             ${randomUUID()}::uuid, ${clock.now()}`;
}
