import type { Fields, Form, SubmissionWay } from '../domain/forms.js';
import type { Timing } from '../domain/timing.js';
import type { Sql } from './database.js';
import { appendEvents } from './events.js';
import type { CarriedMessage } from './lifecycles.js';
import { fieldsHash, wordsHash } from './submission-hashes.js';

export interface SameSubmission {
  source: string;
  /** The way that this one came. */
  way: SubmissionWay;
  fields: Fields;
  /** Instants at which it may have been written. */
  at: readonly Date[];
  timing: Pick<Timing, 'sameSubmissionMs'>;
}

/**
 * The message under which the same submission is carried that came by the other way: by the vendor's id, unless another sender stands
 * with it, since anybody can write an id into a mail; where one of the two has none, by sender and words within the given time. One that was ignored, as under observe, carries nothing and leads nobody.
 */
export async function findSameSubmission(tx: Sql, same: SameSubmission): Promise<string | null> {
  const { source, way, fields, at, timing } = same;
  const [found] = await tx.$queryRaw<{ id: string }[]>`
    SELECT m.id FROM submission s JOIN message m ON m.id = s.message_id
    WHERE s.source = ${source} AND s.way <> ${way}
      AND (m.disposition IS NULL OR m.disposition NOT IN ('ignored', 'duplicate_of')) AND m.gone_at IS NULL
      AND (s.submission_ref = ${fields.submissionId}
             AND COALESCE(lower(s.fields->>'email') = ${fields.email?.toLowerCase() ?? null},
                          right(regexp_replace(s.fields->>'phone', '[^0-9]', '', 'g'), 7) = ${lastDigits(fields.phone)}, true)
           OR (s.submission_ref IS NULL OR ${fields.submissionId}::text IS NULL) AND s.words_hash = ${wordsHash(fields)}
              AND EXISTS (
                SELECT 1 FROM unnest(ARRAY[s.received_at, s.submitted_at]) AS theirs (at), unnest(${[...at]}::timestamptz[]) AS ours (at)
                WHERE abs(EXTRACT(epoch FROM theirs.at - ours.at)) * 1000 <= ${timing.sameSubmissionMs}::float8))
    ORDER BY s.received_at, s.id LIMIT 1`;
  return found?.id ?? null;
}

/** What a number has in common however it is written, with its country or without. */
const lastDigits = (phone: string | null): string | null => phone?.replaceAll(/\D/g, '').slice(-7) ?? null;

/** Writes down that a form was recognised in an e-mail. A second time it changes nothing. */
export async function recordMailedSubmission(
  tx: Sql,
  form: Form,
  message: CarriedMessage,
  fields: Fields,
  now: Date,
): Promise<void> {
  const inserted = await tx.$executeRaw`
    INSERT INTO submission (source, way, item, submission_ref, sequence, state, first_seen_by, received_at, submitted_at, fields,
                            fields_hash, words_hash, message_id)
    VALUES (${form.source}, 'mail', ${message.id}, ${fields.submissionId}, ${fields.sequence}::bigint, 'mapped', 'poll',
            ${message.firstSeenAt}, COALESCE(${fields.submittedAt}::timestamptz, ${message.originAt}::timestamptz),
            ${JSON.stringify(fields)}::jsonb, ${fieldsHash(fields)}, ${wordsHash(fields)}, ${message.id}::uuid)
    ON CONFLICT (source, way, item, fields_hash) DO NOTHING`;
  if (inserted === 0) return;
  const names = Object.entries(fields).flatMap(([name, value]) => (value === null || value === false ? [] : [name]));
  const detail = { form: form.name, fields: names };
  await appendEvents(tx, now, [{ messageId: message.id, kind: 'mapped', carry: message.carry, detail }]);
}

export interface SubmissionOf {
  source: string;
  way: SubmissionWay;
  fields: Fields;
}

/**
 * The zone that a customer named in a form before, by their address or number as they wrote it; the newest, null where there is none.
 * Only what came before counts: a message is decided alike whenever it is decided again.
 */
export async function customerZone(
  db: Sql,
  { messageId, email, phone }: { messageId: string; email: string | null; phone: string | null },
): Promise<string | null> {
  const digits = phone?.replaceAll(/\D/g, '') ?? '';
  const rows = await db.$queryRaw<{ zone: string }[]>`
    SELECT s.fields->>'timeZone' AS zone FROM submission s
    WHERE s.state = 'mapped' AND s.message_id IS DISTINCT FROM ${messageId}::uuid AND s.fields->>'timeZone' IS NOT NULL
      AND s.received_at <= (SELECT first_seen_at FROM message WHERE id = ${messageId}::uuid)
      AND (lower(s.fields->>'email') = ${email?.trim().toLowerCase() ?? null}
           OR regexp_replace(s.fields->>'phone', '[^0-9]', '', 'g') = NULLIF(${digits}, ''))
    ORDER BY s.received_at DESC, s.id DESC LIMIT 1`;
  return rows[0]?.zone ?? null;
}

/** The newest fields of the submission that a message is; null where it is none. */
export async function submissionOf(db: Sql, messageId: string): Promise<SubmissionOf | null> {
  const rows = await db.$queryRaw<SubmissionOf[]>`
    SELECT source, way, fields FROM submission WHERE message_id = ${messageId}::uuid AND state = 'mapped'
    ORDER BY id DESC LIMIT 1`;
  return rows[0] ?? null;
}
