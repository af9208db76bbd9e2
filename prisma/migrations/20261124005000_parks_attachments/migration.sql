-- Parks that are asked for again and that people act on; a source that mass parking stops; rows kept as they came, so that a newer
-- adapter can read them again; attachments with their bytes.
ALTER TABLE "park"
  ADD COLUMN "attempts" INTEGER NOT NULL DEFAULT 0,
  -- Null: only a person can settle it, or it is settled.
  ADD COLUMN "retry_at" TIMESTAMPTZ(3),
  ADD COLUMN "resolved_by" TEXT;
CREATE INDEX "park_due_idx" ON "park" ("source", "retry_at") WHERE ("state" = 'parked');
CREATE INDEX "park_thread_idx" ON "park" ("thread_id") WHERE ("state" = 'parked');
-- What stood parked before is asked for again like everything else.
UPDATE "park" SET "retry_at" = "last_seen_at" WHERE "state" = 'parked' AND "reason" <> 'id_collision';

CREATE TABLE "park_action" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "park_id" UUID NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "action" TEXT NOT NULL,
  "by" TEXT NOT NULL,
  "note" TEXT,
  CONSTRAINT "park_action_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "park_action_action_check" CHECK ("action" IN ('retried', 'resolved', 'reprocessed'))
);
CREATE INDEX "park_action_park_id_idx" ON "park_action" ("park_id");

ALTER TABLE "source"
  ADD COLUMN "stopped_at" TIMESTAMPTZ(3),
  ADD COLUMN "stopped_reason" TEXT,
  ADD COLUMN "stopped_call_id" UUID,
  -- Until then a person has allowed that any share of a page is parked.
  ADD COLUMN "park_freely_until" TIMESTAMPTZ(3),
  ADD CONSTRAINT "source_stopped_check" CHECK (("stopped_at" IS NULL) = ("stopped_reason" IS NULL)),
  ADD CONSTRAINT "source_stopped_reason_check" CHECK ("stopped_reason" IN ('mass_parking'));

-- The provider's own row; what other columns hold word for word is left out of it (docs/adr/0025-kept-rows.md).
ALTER TABLE "message_body" ADD COLUMN "raw" TEXT;

ALTER TABLE "message" DROP CONSTRAINT "message_hold_check";
ALTER TABLE "message" ADD CONSTRAINT "message_hold_check" CHECK ("hold" IN ('first_enumeration', 'origin_implausible', 'read_late'));
ALTER TABLE "message" DROP CONSTRAINT "message_reason_check";
ALTER TABLE "message" ADD CONSTRAINT "message_reason_check" CHECK ("reason" IN
    ('observed_only', 'before_answer_from', 'first_enumeration', 'own_message', 'auto_submitted', 'bulk_mail', 'spam_thread',
     'canary', 'unknown_intent', 'no_playbook', 'empty_body', 'unreadable_sender', 'seen_after_reply', 'thread_with_person',
     'edited_after_answer', 'origin_implausible', 'read_late', 'reply_unconfirmed', 'reply_refused', 'thread_status_unknown',
     'thread_too_long', 'gone_at_provider', 'already_answered', 'person_replied', 'person_replied_first', 'our_reply',
     'person_reply', 'accepted', 'seen_in_thread', 'burst', 'twin', 'decision_failed'));
ALTER TABLE "case" DROP CONSTRAINT "case_reason_check";
ALTER TABLE "case" ADD CONSTRAINT "case_reason_check" CHECK ("reason" IN
    ('unknown_intent', 'no_playbook', 'empty_body', 'unreadable_sender', 'seen_after_reply', 'thread_with_person',
     'edited_after_answer', 'origin_implausible', 'read_late', 'first_enumeration', 'reply_unconfirmed', 'reply_refused',
     'thread_status_unknown', 'thread_too_long', 'gone_at_provider', 'already_answered'));

ALTER TABLE "attachment"
  ADD COLUMN "attempts" INTEGER NOT NULL DEFAULT 0,
  -- Null while it was never asked for, and once nothing asks for it any more.
  ADD COLUMN "next_attempt_at" TIMESTAMPTZ(3),
  ADD COLUMN "given_up_at" TIMESTAMPTZ(3),
  -- Why the last attempt did not bring the bytes: the type of the failure and its status.
  ADD COLUMN "problem" TEXT,
  ADD COLUMN "call_id" UUID,
  -- Where the provider said that the bytes lie; a right of its own, so it never leaves the ledger.
  ADD COLUMN "link" TEXT,
  ADD COLUMN "settled_at" TIMESTAMPTZ(3),
  ADD COLUMN "bytes" BIGINT,
  ADD COLUMN "sha256" TEXT,
  ADD COLUMN "stored_in" TEXT,
  ADD COLUMN "stored_key" TEXT,
  ADD CONSTRAINT "attachment_stored_in_check" CHECK ("stored_in" IN ('postgres', 's3')),
  ADD CONSTRAINT "attachment_settled_check" CHECK (
    ("state" = 'named') = ("settled_at" IS NULL)
    AND ("state" = 'fetched') = ("sha256" IS NOT NULL AND "bytes" IS NOT NULL AND "stored_in" IS NOT NULL)
    AND ("given_up_at" IS NULL OR "state" = 'named'));
CREATE INDEX "attachment_due_idx" ON "attachment" ("next_attempt_at") WHERE ("state" = 'named' AND "given_up_at" IS NULL);

-- The bytes, apart, so that they can be erased without the fact that they were there.
CREATE TABLE "attachment_chunk" (
  "attachment_id" UUID NOT NULL,
  "position" INTEGER NOT NULL,
  "data" BYTEA NOT NULL,
  CONSTRAINT "attachment_chunk_pkey" PRIMARY KEY ("attachment_id", "position")
);
-- Attachments are compressed already; Postgres would try in vain.
ALTER TABLE "attachment_chunk" ALTER COLUMN "data" SET STORAGE EXTERNAL;
