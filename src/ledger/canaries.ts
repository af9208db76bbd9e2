import { createHash, randomBytes } from 'node:crypto';
import type { CanaryPurpose } from '../domain/claims.js';
import type { IncomingMessage } from '../domain/message.js';
import { quenchAlarm } from './alarms.js';
import { only, type Sql } from './database.js';

/** In the subject and in a header: some providers keep only one of them. */
const TOKEN = /waybill-canary-([0-9a-f]{32})/;
export const CANARY_HEADER = 'x-waybill-canary';
export const canaryMark = (token: string): string => `waybill-canary-${token}`;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export interface Canary {
  id: string;
  source: string;
  purpose: CanaryPurpose;
  originAt: Date;
  writtenAt: Date;
  sentAt: Date | null;
  providerThreadId: string | null;
  providerMessageId: string | null;
  dueAt: Date;
  messageId: string | null;
  cameAt: Date | null;
}

/** Notes a canary before it is written, so that one that comes back is known whatever happens in between. */
export async function openCanary(
  db: Sql,
  canary: Pick<Canary, 'source' | 'purpose' | 'originAt' | 'dueAt'>,
  now: Date,
): Promise<{ id: string; token: string }> {
  const token = randomBytes(16).toString('hex');
  const rows = await db.$queryRaw<{ id: string }[]>`
    INSERT INTO canary (source, purpose, token_hash, origin_at, written_at, due_at)
    VALUES (${canary.source}, ${canary.purpose}, ${sha256(token)}, ${canary.originAt}, ${now}, ${canary.dueAt}) RETURNING id`;
  return { id: only(rows, 'canary').id, token };
}

/** The sender has it; where it says under which ids, these are kept. */
export async function noteCanarySent(
  db: Sql,
  id: string,
  ids: { providerThreadId: string | null; providerMessageId: string | null },
  now: Date,
): Promise<void> {
  await db.$executeRaw`
    UPDATE canary SET sent_at = ${now}, provider_thread_id = ${ids.providerThreadId}, provider_message_id = ${ids.providerMessageId}
    WHERE id = ${id}::uuid`;
}

export async function readCanary(db: Sql, id: string): Promise<Canary> {
  return only(
    await db.$queryRaw<Canary[]>`
      SELECT id, source, purpose, origin_at AS "originAt", written_at AS "writtenAt", sent_at AS "sentAt",
             provider_thread_id AS "providerThreadId", provider_message_id AS "providerMessageId", due_at AS "dueAt",
             message_id AS "messageId", came_at AS "cameAt"
      FROM canary WHERE id = ${id}::uuid`,
    `canary ${id}`,
  );
}

const tokenOf = (message: IncomingMessage): string | null =>
  TOKEN.exec(message.headers[CANARY_HEADER] ?? '')?.[1] ?? TOKEN.exec(message.subject ?? '')?.[1] ?? null;

/**
 * Provider ids of those messages that we wrote ourselves, by the token that each carries. A token counts once: who answers a
 * canary, or copies its subject, writes an ordinary message.
 */
export async function canariesAmong(
  tx: Sql,
  source: string,
  messages: readonly { id: string; message: IncomingMessage }[],
  now: Date,
): Promise<ReadonlySet<string>> {
  const marked = messages.flatMap(({ id, message }) => {
    const token = message.direction === 'inbound' ? tokenOf(message) : null;
    return token === null ? [] : [{ id, hash: sha256(token) }];
  });
  if (marked.length === 0) return new Set();
  const rows = await tx.$queryRaw<{ id: string }[]>`
    UPDATE canary SET message_id = came.id, came_at = ${now}
    FROM (SELECT DISTINCT ON (hash) id, hash FROM unnest(${marked.map((one) => one.id)}::uuid[], ${marked.map((one) => one.hash)}::text[])
            AS row (id, hash) ORDER BY hash, id) AS came
    WHERE canary.token_hash = came.hash AND canary.source = ${source} AND canary.message_id IS NULL
    RETURNING came.id`;
  return new Set(rows.map((row) => row.id));
}

/** A canary came back: the alarm is quenched, unless another one is still out beyond its time. One that came proves nothing of it. */
export async function noteCanaryBack(tx: Sql, source: string, now: Date, since: Date): Promise<void> {
  if ((await overdueCanaries(tx, source, now, since)).length > 0) return;
  await quenchAlarm(tx, { kind: 'canary_overdue', source, subject: 'canary', now });
}

/** Canaries that have not come back in their time, and have not been given up. */
export async function overdueCanaries(db: Sql, source: string, now: Date, since: Date): Promise<Canary[]> {
  return db.$queryRaw<Canary[]>`
    SELECT id, source, purpose, origin_at AS "originAt", written_at AS "writtenAt", sent_at AS "sentAt",
           provider_thread_id AS "providerThreadId", provider_message_id AS "providerMessageId", due_at AS "dueAt",
           message_id AS "messageId", came_at AS "cameAt"
    FROM canary
    WHERE source = ${source} AND purpose = 'canary' AND sent_at IS NOT NULL AND message_id IS NULL
      AND due_at <= ${now} AND written_at >= ${since}
    ORDER BY written_at`;
}
