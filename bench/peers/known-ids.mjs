import pg from 'pg';

const BATCH = 10_000;

/** Every stored message as [id, hash], in batches, so that only the design that is measured needs memory for all of them. */
export async function* knownIds(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
      const { rows } = await client.query({
        name: 'known',
        text: `SELECT id, provider_message_id AS "messageId", content_hash AS hash FROM message WHERE id > $1 ORDER BY id LIMIT $2`,
        values: [after, BATCH],
      });
      if (rows.length === 0) return;
      yield rows;
      after = rows.at(-1).id;
    }
  } finally {
    await client.end();
  }
}
