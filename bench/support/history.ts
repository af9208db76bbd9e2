import type pg from 'pg';
import { PER_PAGE, SOURCE } from './world.js';

/** Columns of a table that are written when a row is copied, identity columns and the like left out. */
async function columnsOf(client: pg.Client, table: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute
     WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = '' AND attgenerated = '' ORDER BY attnum`,
    [table],
  );
  return rows.map((row) => row.name);
}

/** Copies the first row of a table, with some columns made anew; `from` gives the rows to copy it for. */
async function copyRows(
  client: pg.Client,
  table: string,
  made: Record<string, string>,
  from: string,
  values: unknown[],
): Promise<void> {
  const columns = await columnsOf(client, table);
  const picked = columns.map((name) => made[name] ?? `first."${name}"`);
  await client.query(
    `INSERT INTO "${table}" (${columns.map((name) => `"${name}"`).join(', ')})
     SELECT ${picked.join(', ')} FROM (SELECT * FROM "${table}" LIMIT 1) AS first CROSS JOIN (${from}) AS row`,
    values,
  );
}

/** Threads [from, to) with all their messages, copied inside Postgres from one that the product recorded; due in a month. */
export async function addHistory(client: pg.Client, { from, to }: { from: number; to: number }): Promise<void> {
  const threads = `SELECT 'thr_' || lpad(n::text, 9, '0') AS provider_id, uuidv7() AS id FROM generate_series($1::int, $2::int - 1) AS n`;
  await copyRows(client, 'thread', { id: 'row.id', provider_thread_id: 'row.provider_id' }, threads, [from, to]);
  const added = `SELECT id FROM thread WHERE source = '${SOURCE}' AND provider_thread_id >= 'thr_' || lpad($1::text, 9, '0')`;
  await copyRows(client, 'thread_due', { thread_id: 'row.id', due_at: `first.due_at + interval '30 days'` }, added, [
    from,
  ]);
  const messages = `
    SELECT uuidv7() AS id, t.id AS thread_id, 'msg_' || substr(t.provider_thread_id, 5) || '_' || lpad(p::text, 3, '0') AS provider_id
    FROM thread t, generate_series(0, ${PER_PAGE - 1}) AS p
    WHERE t.source = '${SOURCE}' AND t.provider_thread_id >= 'thr_' || lpad($1::text, 9, '0')`;
  const message = {
    id: 'row.id',
    thread_id: 'row.thread_id',
    twin_group_id: 'row.id',
    provider_message_id: 'row.provider_id',
    message_id_hash: 'md5(row.provider_id)',
    content_hash: 'md5(row.provider_id)',
  };
  await copyRows(client, 'message', message, messages, [from]);
  const bodies = `SELECT id FROM message WHERE provider_message_id >= 'msg_' || lpad($1::text, 9, '0')`;
  await copyRows(client, 'message_body', { message_id: 'row.id' }, bodies, [from]);
}
