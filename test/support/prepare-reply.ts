import type { Sql } from '../../src/ledger/database.js';
import type { CarriedMessage } from '../../src/ledger/lifecycles.js';
import { correspondentOf, writeReply } from '../../src/ledger/outbox.js';

/** Writes a reply that is ready to leave, as the decision about its message does. */
export async function prepareReply(
  tx: Sql,
  message: CarriedMessage,
  template: string,
  text: string,
  now: Date,
): Promise<void> {
  const correspondent = await correspondentOf(tx, message.id);
  await writeReply(tx, message, { template, text, state: 'pending', correspondent, now });
}
