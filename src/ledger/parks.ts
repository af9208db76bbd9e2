import { createHash } from 'node:crypto';
import { collidedId, unreadableId } from '../domain/identity.js';
import type { IncomingMessage, Item } from '../domain/message.js';
import type { Sql } from './database.js';

export type UnreadableItem = Extract<Item<never>, { ok: false }>;

/** What stands for an item that could not be read: its own id where there is one, else a hash of what came. */
export const parkedItemId = (item: UnreadableItem): string =>
  item.providerId ?? unreadableId(createHash('sha256').update(item.raw).digest('hex'));

export interface ParkContext {
  source: string;
  kind: 'thread' | 'message';
  callId: string;
  threadId: string | null;
  now: Date;
}

/** Keeps unreadable items as they came, once each. */
export async function parkItems(tx: Sql, items: readonly UnreadableItem[], context: ParkContext): Promise<string[]> {
  const byId = new Map(items.map((item) => [parkedItemId(item), item]));
  if (byId.size === 0) return [];
  const ids = [...byId.keys()];
  const values = [...byId.values()];
  await tx.$executeRaw`
    INSERT INTO park (source, item, kind, reason, state, call_id, thread_id, raw, problem, parked_at, last_seen_at)
    SELECT ${context.source}, item, ${context.kind}, 'unreadable_row', 'parked', ${context.callId}::uuid,
           ${context.threadId}::uuid, raw, problem, ${context.now}::timestamptz, ${context.now}::timestamptz
    FROM unnest(${ids}::text[], ${values.map((v) => v.raw)}::text[], ${values.map((v) => v.problem)}::text[])
      AS row (item, raw, problem)
    ORDER BY item
    ON CONFLICT (source, kind, item) DO UPDATE SET last_seen_at = excluded.last_seen_at, state = 'parked', resolved_at = NULL`;
  return ids;
}

/** An item that can be read after all needs nobody any more. */
export async function resolveParks(
  tx: Sql,
  source: string,
  kind: 'thread' | 'message',
  ids: readonly string[],
  now: Date,
): Promise<void> {
  if (ids.length === 0) return;
  await tx.$executeRaw`
    UPDATE park SET state = 'resolved', resolved_at = ${now}
    WHERE source = ${source} AND kind = ${kind} AND item = ANY (${[...ids]}::text[]) AND state = 'parked'`;
}

export interface Collision {
  message: IncomingMessage;
  hash: string;
}

/**
 * Keeps what came under an id that belongs to another message, beside that message and not over it. One that a person has resolved
 * stays resolved: the provider goes on showing it. Gives those that were not known.
 */
export async function parkCollisions(
  tx: Sql,
  collisions: readonly Collision[],
  context: Omit<ParkContext, 'kind'>,
): Promise<Collision[]> {
  const byItem = new Map(collisions.map((one) => [collidedId(one.message.providerMessageId, one.hash), one]));
  if (byItem.size === 0) return [];
  const items = [...byItem.keys()];
  const raw = [...byItem.values()].map(({ message }) => JSON.stringify(message));
  const rows = await tx.$queryRaw<{ item: string; fresh: boolean }[]>`
    INSERT INTO park (source, item, kind, reason, state, call_id, thread_id, raw, problem, parked_at, last_seen_at)
    SELECT ${context.source}, item, 'message', 'id_collision', 'parked', ${context.callId}::uuid, ${context.threadId}::uuid, raw,
           'its id belongs to another message', ${context.now}::timestamptz, ${context.now}::timestamptz
    FROM unnest(${items}::text[], ${raw}::text[]) AS row (item, raw)
    ORDER BY item
    ON CONFLICT (source, kind, item) DO UPDATE SET last_seen_at = excluded.last_seen_at
    RETURNING item, (xmax = 0) AS fresh`;
  return rows.flatMap(({ item, fresh }) => (fresh ? [byItem.get(item)] : [])).filter((one) => one !== undefined);
}
