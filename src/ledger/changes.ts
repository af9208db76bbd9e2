import type { Sql } from './database.js';

export interface Change {
  /** Name of a token, or `cli:` and the name of the account that ran the command. */
  actor: string;
  /** Verb and object, as `mode.set`. */
  action: string;
  /** What was changed, as `source/dashboard`. */
  subject: string;
  /** Names, numbers and instants; never content. */
  detail: Readonly<Record<string, unknown>>;
  now: Date;
}

/** Writes down who changed what, in the transaction of the change. */
export async function recordChange(tx: Sql, { actor, action, subject, detail, now }: Change): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO change (at, actor, action, subject, detail)
    VALUES (${now}, ${actor}, ${action}, ${subject}, ${JSON.stringify(detail)}::jsonb)`;
}

export interface RecordedChange extends Omit<Change, 'now'> {
  id: string;
  at: Date;
}

/** Where a page of changes ended: the next one holds what came before it. */
export interface ChangePlace {
  at: Date;
  id: string;
}

export interface ChangesWanted {
  /** Changes of this instant and later; of all time unless given. */
  since?: Date | null;
  before?: ChangePlace | null;
  /** At most so many. */
  limit: number;
}

/** Changes, the newest first. */
export async function listChanges(
  db: Sql,
  { since = null, before = null, limit }: ChangesWanted,
): Promise<RecordedChange[]> {
  return db.$queryRaw<RecordedChange[]>`
    SELECT id, at, actor, action, subject, detail FROM change
    WHERE (${since}::timestamptz IS NULL OR at >= ${since}::timestamptz)
      AND (${before?.at ?? null}::timestamptz IS NULL OR (at, id) < (${before?.at ?? null}::timestamptz, ${before?.id ?? null}::uuid))
    ORDER BY at DESC, id DESC LIMIT ${limit}::int`;
}
