import { collidedId } from '../domain/identity.js';
import { raiseAlarm } from './alarms.js';
import type { Sql } from './database.js';
import { appendEvents } from './events.js';
import { type Collision, type ParkContext, parkCollisions } from './parks.js';

/**
 * The provider gave one id to two messages: the second is parked as it came, the first says so in its events, and people are told,
 * since everything that relies on ids of this source is in doubt. Each collision once.
 */
export async function recordCollisions(
  tx: Sql,
  collisions: readonly Collision[],
  context: Omit<ParkContext, 'kind'>,
): Promise<void> {
  const { source, callId, now } = context;
  for (const { message, hash } of await parkCollisions(tx, collisions, context)) {
    const { providerMessageId } = message;
    const item = collidedId(providerMessageId, hash);
    const held = await tx.$queryRaw<{ id: string; carry: number }[]>`
      SELECT id, carry_count AS carry FROM message WHERE source = ${source} AND provider_message_id = ${providerMessageId}`;
    await appendEvents(
      tx,
      now,
      held.map(({ id, carry }) => ({ messageId: id, kind: 'collided', carry, detail: { callId, item } })),
    );
    const evidence = { callId, item, held: held[0]?.id ?? null };
    await raiseAlarm(tx, { kind: 'id_collision', source, subject: providerMessageId, evidence, now });
  }
}
