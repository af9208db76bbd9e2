import type { Fields, Form } from '../domain/forms.js';
import { type Mapped, mapSubmission } from '../domain/map-submission.js';
import type { Address, IncomingMessage } from '../domain/message.js';
import type { Timing } from '../domain/timing.js';
import type { OpenCall } from './calls.js';
import { type Database, only, type Sql, storableText } from './database.js';
import { meetFormCanary } from './form-canaries.js';
import { endMessage } from './lifecycles.js';
import { parkItems, resolveParks } from './parks.js';
import { recordItems } from './record-messages.js';
import { findSameSubmission } from './same-submission.js';
import { bindSource, readSource, type Source, type SourceBinding } from './sources.js';
import { bytesHash, fieldsHash, hashItem, wordsHash } from './submission-hashes.js';
import { quenchMassParking, raiseMassParking } from './unreadable-submissions.js';
import { lockThread } from './visits.js';

const ADAPTER = 'forms/1';
/** Vendors go on delivering for days: a stamp within this time may be true of what arrives only now. */
const LONGEST_DELIVERY_MS = 7 * 86_400_000;

/** Calls to its vendor per second at most. */
export const formRate = ({ reconciliation }: Form): number =>
  'ratePerSecond' in reconciliation ? reconciliation.ratePerSecond : 1;

/** Who delivers is told by the signature, not by an address: the row stands for the name of the form alone. */
export const formBinding = (form: Form, mailboxGroup: string, now: Date): SourceBinding => ({
  name: form.source,
  kind: 'forms',
  origin: `form:${form.name}`,
  mailboxGroup,
  ratePerSecond: formRate(form),
  firstMode: 'observe',
  mode: form.mode,
  answerFrom: form.answerFrom === null ? null : new Date(form.answerFrom),
  now,
});

export const bindForm = (db: Database, form: Form, mailboxGroup: string, now: Date): Promise<Source> =>
  bindSource(db, formBinding(form, mailboxGroup, now));

/** A submission as a webhook or the vendor's list brought it. */
export interface Arrival {
  form: Form;
  by: 'webhook' | 'poll';
  /** The bytes of the delivery, or the row of the list. */
  raw: Buffer;
  /** The same, parsed; undefined where it could not be. */
  body: unknown;
  /** The vendor's id of the delivery: the same one again is a replay. */
  deliveryId: string | null;
  /** The call that listed it. */
  call: OpenCall | null;
  /** It lay parked until the configuration of its form could read it: only a person answers it then. */
  readLate?: boolean;
  now: Date;
  timing: Timing;
}

export type Recorded = { kind: 'replay' | 'known' | 'stored' | 'parked' | 'canary'; item: string };

/** Serialises what is recorded of one form, so that the same submission by two ways at once is one. */
export const lockForm = (tx: Sql, source: string): Promise<unknown> =>
  tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`form ${source}`}, 0))`;

/** Commits a submission, its message or its park, before anything is decided about it. Running twice stores nothing twice. */
export const recordSubmission = (db: Database, arrival: Arrival): Promise<Recorded> =>
  db.transaction((tx) => recordArrival(tx, arrival));

/** The same in the caller's transaction. */
export async function recordArrival(tx: Sql, arrival: Arrival): Promise<Recorded> {
  const { form, by, raw, body, deliveryId, now } = arrival;
  await lockForm(tx, form.source);
  const mapped: Mapped =
    body === undefined
      ? { ok: false, problem: 'the body: is neither JSON nor a form', submissionId: null, sequence: null }
      : mapSubmission(form, body);
  const hash = mapped.ok ? fieldsHash(mapped.fields) : bytesHash(raw);
  const submissionId = mapped.ok ? mapped.fields.submissionId : mapped.submissionId;
  const item = submissionId ?? hashItem(hash);
  if (deliveryId !== null && !(await isFirstDelivery(tx, form.source, deliveryId, now)))
    return { kind: 'replay', item };
  if (await meetFormCanary(tx, form, raw, now)) {
    await insertRow(tx, arrival, { item, submissionId, hash, state: 'canary' });
    return { kind: 'canary', item };
  }
  const held = await tx.$queryRaw<{ state: string; hash: string }[]>`
    UPDATE submission SET pushed_at = CASE WHEN ${by} = 'webhook' THEN COALESCE(pushed_at, ${now}::timestamptz) ELSE pushed_at END,
                          listed_at = CASE WHEN ${by} = 'poll' THEN COALESCE(listed_at, ${now}::timestamptz) ELSE listed_at END
    WHERE source = ${form.source} AND way = 'direct' AND item = ${item} RETURNING state, fields_hash AS hash`;
  // A list may show less of a submission than its webhook said: other words count where they are pushed.
  if (held.some((row) => row.hash === hash || (by === 'poll' && row.state !== 'parked')))
    return { kind: 'known', item };
  if (mapped.ok && submissionId === null && held.length === 0 && (await isShownAlready(tx, arrival, mapped.fields)))
    return { kind: 'known', item };
  if (!mapped.ok) {
    await park(tx, arrival, { item, submissionId, hash, problem: mapped.problem, sequence: mapped.sequence });
    return { kind: 'parked', item };
  }
  await admitSubmission(tx, arrival, item, mapped.fields);
  return { kind: 'stored', item };
}

/**
 * Whether the other of webhook and list has shown a submission without an id: they need not say the same of it, as when it was
 * submitted, so its sender and words count, and the time where it is told. Notes that this one shows it as well.
 */
async function isShownAlready(tx: Sql, { form, by, now, timing }: Arrival, fields: Fields): Promise<boolean> {
  const shown = await tx.$executeRaw`
    UPDATE submission SET pushed_at = CASE WHEN ${by} = 'webhook' THEN ${now}::timestamptz ELSE pushed_at END,
                          listed_at = CASE WHEN ${by} = 'poll' THEN COALESCE(listed_at, ${now}::timestamptz) ELSE listed_at END
    WHERE id = (
      SELECT id FROM submission
      WHERE source = ${form.source} AND way = 'direct' AND state = 'mapped' AND submission_ref IS NULL
        AND words_hash = ${wordsHash(fields)} AND first_seen_by <> ${by} AND (${by} = 'poll' OR pushed_at IS NULL)
        AND COALESCE(abs(EXTRACT(epoch FROM COALESCE(submitted_at, received_at) - ${fields.submittedAt}::timestamptz)) * 1000
                     <= ${timing.sameSubmissionMs}::float8, true)
      ORDER BY received_at, id LIMIT 1)`;
  return shown > 0;
}

async function isFirstDelivery(tx: Sql, source: string, deliveryId: string, now: Date): Promise<boolean> {
  const inserted = await tx.$executeRaw`
    INSERT INTO form_delivery (source, delivery_id, received_at) VALUES (${source}, ${deliveryId}, ${now}) ON CONFLICT DO NOTHING`;
  return inserted > 0;
}

interface Row {
  item: string;
  submissionId: string | null;
  hash: string;
  state: 'mapped' | 'parked' | 'canary';
  fields?: Fields;
  messageId?: string;
  problem?: string;
  sequence?: number | null;
}

async function insertRow(tx: Sql, { form, by, raw, now }: Arrival, row: Row): Promise<string | null> {
  const { item, submissionId, hash, state, fields } = row;
  const [inserted] = await tx.$queryRaw<{ id: string }[]>`
    INSERT INTO submission (source, way, item, submission_ref, sequence, state, first_seen_by, received_at, submitted_at, pushed_at,
                            listed_at, raw, fields, fields_hash, words_hash, problem, message_id)
    VALUES (${form.source}, 'direct', ${item}, ${submissionId}, ${fields?.sequence ?? row.sequence ?? null}::bigint, ${state}, ${by}, ${now},
            ${fields?.submittedAt ?? null}::timestamptz, ${by === 'webhook' ? now : null}::timestamptz,
            ${by === 'poll' ? now : null}::timestamptz, ${raw}::bytea, ${fields ? JSON.stringify(fields) : null}::jsonb, ${hash},
            ${fields ? wordsHash(fields) : null}, ${row.problem ?? null}, ${row.messageId ?? null}::uuid)
    ON CONFLICT (source, way, item, fields_hash) DO NOTHING RETURNING id`;
  return inserted?.id ?? null;
}

async function park(tx: Sql, arrival: Arrival, row: Omit<Row, 'state'> & { problem: string }): Promise<void> {
  const { form, raw, call, now, timing } = arrival;
  const id = await insertRow(tx, arrival, { ...row, state: 'parked' });
  const parked = {
    ok: false,
    providerId: row.item,
    raw: storableText(raw.toString('utf8')),
    problem: row.problem,
  } as const;
  const callId = call?.id ?? id;
  if (callId === null) return; // the same bytes lie parked already
  const context = { source: form.source, kind: 'submission', callId, threadId: null, now, timing } as const;
  await parkItems(tx, [parked], { ...context, reason: 'submission_invalid' });
  await raiseMassParking(tx, form.source, now);
}

/** Gives a submission its message, in a thread of its own, under the rules of admission that hold for every message. */
async function admitSubmission(tx: Sql, arrival: Arrival, item: string, fields: Fields): Promise<void> {
  const { form, by, now, timing } = arrival;
  const source = await readSource(tx, form.source);
  const originAt = fields.submittedAt ?? (by === 'webhook' ? now.toISOString() : null);
  const threadId = await makeThread(tx, arrival, item, fields, originAt);
  const thread = await lockThread(tx, threadId);
  // A push has no call of ours: the submission's own thread stands for it, as the reading that showed it.
  const call = arrival.call ?? { id: threadId, openedAt: now, readingId: threadId, page: 0 };
  const message = toMessage(item, fields, originAt);
  const context = {
    ...{ threadId, firstSeenBy: by, adapterVersion: ADAPTER, now, timing, thread, source },
    readLate: arrival.readLate ?? false,
  };
  await recordItems(tx, call, [{ ok: true, value: message }], context);
  const held = only(
    await tx.$queryRaw<{ id: string; state: string; carry: number }[]>`
      SELECT id, state, carry_count AS carry FROM message WHERE source = ${form.source} AND provider_message_id = ${item}`,
    `message of submission ${item}`,
  );
  const hash = fieldsHash(fields);
  const row = { item, submissionId: fields.submissionId, hash, state: 'mapped', fields, messageId: held.id } as const;
  if (!(await mapParkedRow(tx, arrival, row))) await insertRow(tx, arrival, row);
  await resolveParks(tx, form.source, 'submission', [item], now);
  await quenchMassParking(tx, form.source, now);
  if (held.state !== 'recorded') return;
  const at = [now, ...(originAt === null ? [] : [new Date(originAt)])];
  const other = await findSameSubmission(tx, { source: form.source, way: 'direct', fields, at, timing });
  if (other === null) return;
  const ending = {
    messageId: held.id,
    carry: held.carry,
    disposition: 'duplicate_of',
    reason: 'same_submission',
  } as const;
  await endMessage(tx, { ...ending, otherMessageId: other, now });
}

/** The same bytes lay parked until now: their row says what they are. */
async function mapParkedRow(
  tx: Sql,
  { form, raw }: Arrival,
  { item, submissionId, hash, fields, messageId }: Row & { fields: Fields; messageId: string },
): Promise<boolean> {
  const mapped = await tx.$executeRaw`
    UPDATE submission SET state = 'mapped', problem = NULL, item = ${item}, submission_ref = ${submissionId},
           message_id = ${messageId}::uuid, fields = ${JSON.stringify(fields)}::jsonb, fields_hash = ${hash},
           words_hash = ${wordsHash(fields)}, sequence = ${fields.sequence}::bigint, submitted_at = ${fields.submittedAt}::timestamptz
    WHERE source = ${form.source} AND way = 'direct' AND state = 'parked' AND fields_hash = ${bytesHash(raw)}`;
  return mapped > 0;
}

/** Read whole with its one message, and never visited: nobody could be asked for it. */
async function makeThread(
  tx: Sql,
  { form, by, now }: Arrival,
  item: string,
  { subject }: Fields,
  originAt: string | null,
): Promise<string> {
  const written = originAt === null ? now.getTime() : Date.parse(originAt);
  const earliest = by === 'webhook' ? now.getTime() - LONGEST_DELIVERY_MS : 0;
  const created = new Date(written >= earliest && written <= now.getTime() ? written : now.getTime());
  await tx.$executeRaw`
    INSERT INTO thread (source, provider_thread_id, subject, inbox, status, created_at, first_seen_at, first_seen_by,
                        by_first_enumeration, read_whole_at)
    VALUES (${form.source}, ${item}, ${subject}, ${form.name}, 'open', ${created}, ${now}, ${by}, false, ${now})
    ON CONFLICT (source, provider_thread_id) DO NOTHING`;
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM thread WHERE source = ${form.source} AND provider_thread_id = ${item}`;
  return only(rows, `thread of submission ${item}`).id;
}

function toMessage(item: string, fields: Fields, originAt: string | null): IncomingMessage {
  return {
    providerMessageId: item,
    providerThreadId: item,
    channel: 'form',
    direction: 'inbound',
    originAt,
    receivedAt: null,
    from: senderOf(fields),
    to: [],
    subject: fields.subject,
    text: fields.message ?? describe(fields),
    html: null,
    headers: {},
    messageIdHeader: null,
    clientRef: null,
    attachments: [],
  };
}

function senderOf({ email, phone, name }: Fields): Address | null {
  if (email !== null) return { kind: 'email', value: email, name };
  return phone === null ? null : { kind: 'phone', value: phone, name };
}

/** A form without a field for words says what it says by its other fields. */
const describe = ({ name, phone, subject, wantsCallback }: Fields): string =>
  [
    ...(subject === null ? [] : [`Subject: ${subject}`]),
    ...(name === null ? [] : [`Name: ${name}`]),
    ...(phone === null ? [] : [`Phone: ${phone}`]),
    `Callback: ${wantsCallback ? 'yes' : 'no'}`,
  ].join('\n');
