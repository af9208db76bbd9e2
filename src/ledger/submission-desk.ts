import type { Fields, SubmissionState, SubmissionWay } from '../domain/forms.js';
import type { Sql } from './database.js';

/** A submission without what was written into its form, and without ids of its vendor, which may hold an address. */
export interface DeskSubmission {
  id: string;
  source: string;
  way: SubmissionWay;
  state: SubmissionState;
  sequence: number | null;
  firstSeenBy: string;
  receivedAt: Date;
  /** As the vendor says. */
  submittedAt: Date | null;
  pushedAt: Date | null;
  listedAt: Date | null;
  /** Which fields do not fit, where it is parked; names, never values. */
  problem: string | null;
  messageId: string | null;
}

export interface SubmissionsWanted {
  source?: string | null | undefined;
  state?: SubmissionState | null | undefined;
  /** Received within [since, until). */
  since?: Date | null | undefined;
  until?: Date | null | undefined;
  /** Id of the last submission of the page before. */
  before?: string | null | undefined;
  limit: number;
}

/** Submissions, the newest first. An id of ours is made with its row, so ids are in the order of arrival. */
export const listSubmissions = (db: Sql, wanted: SubmissionsWanted): Promise<DeskSubmission[]> =>
  readSubmissions(db, wanted, null);

export async function findSubmission(db: Sql, id: string): Promise<DeskSubmission | null> {
  return (await readSubmissions(db, { limit: 1 }, id))[0] ?? null;
}

const readSubmissions = (
  db: Sql,
  { source = null, state = null, since = null, until = null, before = null, limit }: SubmissionsWanted,
  id: string | null,
): Promise<DeskSubmission[]> => db.$queryRaw<DeskSubmission[]>`
  SELECT id, source, way, state, sequence::float8 AS sequence, first_seen_by AS "firstSeenBy", received_at AS "receivedAt",
         submitted_at AS "submittedAt", pushed_at AS "pushedAt", listed_at AS "listedAt", problem, message_id AS "messageId"
  FROM submission
  WHERE (${id}::uuid IS NULL OR id = ${id}::uuid)
    AND (${source}::text IS NULL OR source = ${source}::text)
    AND (${state}::text IS NULL OR state = ${state}::text)
    AND (${since}::timestamptz IS NULL OR received_at >= ${since}::timestamptz)
    AND (${until}::timestamptz IS NULL OR received_at < ${until}::timestamptz)
    AND (${before}::uuid IS NULL OR id < ${before}::uuid)
  ORDER BY id DESC LIMIT ${limit}::int`;

/** What was written into the form, as far as it was read. */
export interface SubmissionWords {
  fields: Fields | null;
  /** The vendor's id of the submission. */
  submissionRef: string | null;
}

export async function readSubmissionWords(db: Sql, id: string): Promise<SubmissionWords | null> {
  const rows = await db.$queryRaw<SubmissionWords[]>`
    SELECT fields, submission_ref AS "submissionRef" FROM submission WHERE id = ${id}::uuid`;
  return rows[0] ?? null;
}
