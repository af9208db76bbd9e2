import type { BackfillHours, BackfillPace, BackfillVerb } from '../domain/backfill.js';
import type { Sql } from './database.js';

export interface OrderChanges {
  pace?: BackfillPace;
  hours?: BackfillHours | null;
  from?: Date;
  to?: Date;
}

/** Writes down what was asked of it, and does the part that stands in its row. */
export async function recordBackfillOrder(
  tx: Sql,
  order: { backfillId: string; actor: string; verb: BackfillVerb; detail: unknown; refused: string | null; now: Date },
  changes: OrderChanges = {},
): Promise<void> {
  const { backfillId: id, actor, verb, detail, refused, now } = order;
  await tx.$executeRaw`
    INSERT INTO backfill_order (backfill_id, at, actor, verb, detail, refused)
    VALUES (${id}::uuid, ${now}, ${actor}, ${verb}, ${JSON.stringify(detail)}::jsonb, ${refused})`;
  if (changes.pace)
    await tx.$executeRaw`UPDATE backfill SET pace = ${JSON.stringify(changes.pace)}::jsonb WHERE id = ${id}::uuid`;
  if (changes.hours !== undefined)
    await tx.$executeRaw`
      UPDATE backfill SET hours = ${changes.hours === null ? null : JSON.stringify(changes.hours)}::jsonb WHERE id = ${id}::uuid`;
  if (changes.from || changes.to)
    await tx.$executeRaw`
      UPDATE backfill SET from_at = LEAST(from_at, ${changes.from ?? null}::timestamptz), to_at = GREATEST(to_at, ${changes.to ?? null}::timestamptz)
      WHERE id = ${id}::uuid`;
}

export interface BackfillOrder {
  at: Date;
  actor: string;
  verb: BackfillVerb;
  detail: unknown;
  refused: string | null;
}

/** What was asked of it, oldest first. */
export const listBackfillOrders = (db: Sql, id: string): Promise<BackfillOrder[]> =>
  db.$queryRaw<BackfillOrder[]>`
    SELECT at, actor, verb, detail, refused FROM backfill_order WHERE backfill_id = ${id}::uuid ORDER BY at, id`;
