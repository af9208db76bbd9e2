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
