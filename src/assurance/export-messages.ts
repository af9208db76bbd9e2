import type { Sql } from '../ledger/database.js';

export interface ExportedMessage {
  providerMessageId: string;
  providerThreadId: string;
  direction: string;
  originAt: string | null;
  firstSeenAt: string;
  route: string | null;
  state: string;
  disposition: string | null;
  reason: string | null;
  /** client_ref of our answer, where there is one. */
  clientRef: string | null;
}

const BATCH = 1_000;

interface Row extends Omit<ExportedMessage, 'originAt' | 'firstSeenAt'> {
  id: string;
  originAt: Date | null;
  firstSeenAt: Date;
}

/** Every stored message in the order of its id, in batches: the whole ledger never lies in memory. */
export async function* exportMessages(db: Sql, source: string | null): AsyncGenerator<ExportedMessage> {
  for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
    const rows = await db.$queryRaw<Row[]>`
      SELECT m.id, m.provider_message_id AS "providerMessageId", provider_thread_id AS "providerThreadId", direction,
             origin_at AS "originAt", m.first_seen_at AS "firstSeenAt", route, m.state, disposition, reason,
             o.client_ref AS "clientRef"
      FROM message m JOIN thread t ON t.id = m.thread_id
      LEFT JOIN outbox o ON o.message_id = m.id AND o.state = 'accepted'
      WHERE m.id > ${after}::uuid AND (${source}::text IS NULL OR m.source = ${source})
      ORDER BY m.id LIMIT ${BATCH}`;
    for (const { id, originAt, firstSeenAt, ...row } of rows) {
      after = id;
      const { providerMessageId, providerThreadId, direction, ...rest } = row;
      yield {
        providerMessageId,
        providerThreadId,
        direction,
        originAt: originAt?.toISOString() ?? null,
        firstSeenAt: firstSeenAt.toISOString(),
        ...rest,
      };
    }
    if (rows.length < BATCH) return;
  }
}
