import { recordChange } from './changes.js';
import type { Database, Sql } from './database.js';
import { numberHash } from './phone-calls.js';

export interface DoNotCallRow {
  numberHash: string;
  /** Country calling code and last two digits. */
  shownAs: string;
  addedAt: Date;
  addedBy: string;
  note: string | null;
}

/** Enough for a person to recognise a number, and too little to dial it. */
export const shownAs = (number: string): string => `${number.slice(0, 3)}...${number.slice(-2)}`;

const subjectOf = (number: string): string => `do-not-call/${numberHash(number).slice(0, 12)}`;

/** Asked in the transaction that orders a call and in the one that places it. */
export async function mustNotBeCalled(tx: Sql, number: string): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`SELECT 1 FROM do_not_call WHERE number_hash = ${numberHash(number)}`;
  return rows.length > 0;
}

/** Puts a number, in E.164, on the list; false where it stands there already. */
export async function addDoNotCall(
  db: Database,
  { number, by, note, now }: { number: string; by: string; note: string | null; now: Date },
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const added = await tx.$executeRaw`
      INSERT INTO do_not_call (number_hash, shown_as, added_at, added_by, note)
      VALUES (${numberHash(number)}, ${shownAs(number)}, ${now}, ${by}, ${note}) ON CONFLICT DO NOTHING`;
    if (added === 0) return false;
    const detail = note === null ? {} : { noted: true };
    await recordChange(tx, { actor: by, action: 'do-not-call.add', subject: subjectOf(number), detail, now });
    return true;
  });
}

/** Takes a number off the list; false where it is not on it. */
export async function removeDoNotCall(
  db: Database,
  { number, by, now }: { number: string; by: string; now: Date },
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const removed = await tx.$executeRaw`DELETE FROM do_not_call WHERE number_hash = ${numberHash(number)}`;
    if (removed === 0) return false;
    await recordChange(tx, { actor: by, action: 'do-not-call.remove', subject: subjectOf(number), detail: {}, now });
    return true;
  });
}

export const listDoNotCall = (db: Sql): Promise<DoNotCallRow[]> =>
  db.$queryRaw<DoNotCallRow[]>`
    SELECT number_hash AS "numberHash", shown_as AS "shownAs", added_at AS "addedAt", added_by AS "addedBy", note
    FROM do_not_call ORDER BY added_at, number_hash`;
