import type { FormRefusal } from '../domain/forms.js';
import type { Sql } from './database.js';

/** Adds to the count of what was refused on a day (UTC); nothing of the deliveries themselves is kept. */
export async function countFormRefusals(
  db: Sql,
  source: string,
  cause: FormRefusal,
  count: number,
  now: Date,
): Promise<void> {
  await db.$executeRaw`
    INSERT INTO form_refusal (source, cause, day, count) VALUES (${source}, ${cause}, (${now}::timestamptz AT TIME ZONE 'UTC')::date, ${count}::bigint)
    ON CONFLICT (source, cause, day) DO UPDATE SET count = form_refusal.count + excluded.count`;
}
