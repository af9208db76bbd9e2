import type { Sql } from '../ledger/database.js';

/** How the rows of a table get into the ledger: one JSON array of them, one statement. In the order in which they are written. */
export const NAIVE_INSERTS = {
  windows: (db: Sql, rows: string) => db.$executeRaw`
    INSERT INTO poll_window (id, source, run_id, end_at, horizon_at, owed, opened_at, closed_at, outcome, account)
    SELECT id, source, run_id, at, horizon_at, owed, at, at, 'balanced', account
    FROM jsonb_to_recordset(${rows}::jsonb)
      AS row (id uuid, source text, run_id text, at timestamptz, horizon_at timestamptz, owed jsonb, account jsonb)`,
  calls: (db: Sql, rows: string) => db.$executeRaw`
    INSERT INTO provider_call (id, opened_at, source, operation, parameters, window_id, thread_id, reading_id, page, attempt, finished_at,
                               status, rows, known, stored, parked, rejected, ids, next_cursor, exhausted, unknown_fields)
    SELECT id, at, source, operation, parameters, window_id, thread_id, reading_id, page, 1, at, 200, rows, known, stored, 0, rejected, ids,
           next_cursor, next_cursor IS NULL, '{}'
    FROM jsonb_to_recordset(${rows}::jsonb)
      AS row (id uuid, at timestamptz, source text, operation text, parameters jsonb, window_id uuid, thread_id uuid, reading_id uuid,
              page int, rows int, known int, stored int, rejected int, ids text[], next_cursor text)`,
  listings: (db: Sql, rows: string) => db.$executeRaw`
    INSERT INTO listing (id, source, window_id, from_at, to_at, covering, begun_at, exhausted_at, pages, threads, id_set_hash, last_call_id)
    SELECT id, source, window_id, from_at, to_at, covering, at, at, pages, threads, id_set_hash, last_call_id
    FROM jsonb_to_recordset(${rows}::jsonb)
      AS row (id uuid, source text, window_id uuid, from_at timestamptz, to_at timestamptz, covering boolean, at timestamptz, pages int,
              threads int, id_set_hash text, last_call_id uuid)`,
  threads: (db: Sql, rows: string) => db.$executeRaw`
    INSERT INTO thread (id, source, provider_thread_id, subject, inbox, status, created_at, first_seen_at, first_seen_by,
                        by_first_enumeration, first_listed_at, last_activity_at, read_whole_at)
    SELECT id, source, provider_thread_id, subject, inbox, status, created_at, first_seen_at, 'poll', false, first_seen_at, last_activity_at,
           read_whole_at
    FROM jsonb_to_recordset(${rows}::jsonb)
      AS row (id uuid, source text, provider_thread_id text, subject text, inbox text, status text, created_at timestamptz,
              first_seen_at timestamptz, last_activity_at timestamptz, read_whole_at timestamptz)`,
  twins: (db: Sql, rows: string) => db.$executeRaw`
    INSERT INTO twin_group (id, mailbox_group, message_id_hash, content_hash, first_message_id)
    SELECT id, mailbox_group, message_id_hash, content_hash, first_message_id FROM jsonb_to_recordset(${rows}::jsonb)
      AS row (id uuid, mailbox_group text, message_id_hash text, content_hash text, first_message_id uuid)`,
  messages: (db: Sql, rows: string) => db.$executeRaw`
    INSERT INTO message (id, source, provider_message_id, thread_id, twin_group_id, channel, direction, origin_at, first_seen_at,
                         first_seen_by, first_call_id, reading_id, activity_at, arrival_known, message_id_hash, content_hash, has_body,
                         client_ref, adapter_version, state, disposition, reason, carry_count,
                         ended_at, absent_at)
    SELECT id, source, provider_message_id, thread_id, twin_group_id, channel, direction, origin_at, at, 'poll', call_id, reading_id,
           activity_at, absent_at IS NOT NULL, message_id_hash, content_hash, has_body, client_ref, adapter_version, 'ended', disposition,
           reason, carry_count, at, absent_at
    FROM jsonb_to_recordset(${rows}::jsonb)
      AS row (id uuid, source text, provider_message_id text, thread_id uuid, twin_group_id uuid, channel text, direction text,
              origin_at timestamptz, at timestamptz, call_id uuid, reading_id uuid, activity_at timestamptz, message_id_hash text,
              content_hash text, has_body boolean, client_ref text, adapter_version text, disposition text, reason text, carry_count int,
              absent_at timestamptz)`,
  bodies: (db: Sql, rows: string) => db.$executeRaw`
    INSERT INTO message_body (message_id, version, recorded_at, call_id, content_hash, from_address, to_addresses, subject, text, html, headers, raw)
    SELECT message_id, 1, at, call_id, content_hash, NULLIF(from_address, 'null'), to_addresses, subject, text, html, headers, raw
    FROM jsonb_to_recordset(${rows}::jsonb)
      AS row (message_id uuid, at timestamptz, call_id uuid, content_hash text, from_address jsonb, to_addresses jsonb, subject text,
              text text, html text, headers jsonb, raw text)`,
  attachments: (db: Sql, rows: string) => db.$executeRaw`
    INSERT INTO attachment (message_id, provider_attachment_id, name, content_type, size, state, recorded_at, next_attempt_at)
    SELECT message_id, provider_attachment_id, name, content_type, size, 'named', at, at FROM jsonb_to_recordset(${rows}::jsonb)
      AS row (message_id uuid, provider_attachment_id text, name text, content_type text, size bigint, at timestamptz)
    ON CONFLICT (message_id, provider_attachment_id) DO NOTHING`,
  events: (db: Sql, rows: string) => db.$executeRaw`
    INSERT INTO lifecycle_event (at, message_id, kind, carry, detail)
    SELECT at, message_id, kind, 0, detail
    FROM jsonb_to_recordset(${rows}::jsonb) AS row (at timestamptz, message_id uuid, kind text, detail jsonb)`,
};
