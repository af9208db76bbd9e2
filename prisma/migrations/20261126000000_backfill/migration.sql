-- The backfill: what it walks, how far it has come, what it found; and which message came by it.
ALTER TABLE "message" DROP CONSTRAINT "message_reason_check";
ALTER TABLE "message" ADD CONSTRAINT "message_reason_check" CHECK ("reason" IN
    ('observed_only', 'before_answer_from', 'first_enumeration', 'own_message', 'auto_submitted', 'response_suppressed',
     'bounce', 'bulk_mail', 'spam_thread', 'canary', 'shadowed', 'closed_by_playbook', 'recorded_by_backfill', 'unknown_intent', 'abstained',
     'no_playbook', 'escalated_by_playbook', 'playbook_unusable', 'empty_body', 'unreadable_sender', 'seen_after_reply',
     'thread_with_person', 'origin_implausible', 'read_late', 'reply_unconfirmed', 'reply_refused', 'thread_status_unknown',
     'thread_too_long', 'gone_at_provider', 'already_answered', 'edited_after_answer', 'approval_rejected',
     'approval_overdue', 'reply_limit', 'channel_without_reply', 'phone_unusable', 'region_unknown', 'do_not_call',
     'no_calling_hours', 'call_unanswered', 'call_unconfirmed', 'call_refused', 'call_elsewhere', 'hand_off_refused',
     'hand_off_overdue', 'hand_off_failed', 'found_by_backfill', 'person_replied', 'person_replied_first', 'our_reply', 'person_reply',
     'accepted', 'seen_in_thread', 'burst', 'twin', 'same_submission', 'call_completed', 'outcome_done', 'decision_failed'));
ALTER TABLE "case" DROP CONSTRAINT "case_reason_check";
ALTER TABLE "case" ADD CONSTRAINT "case_reason_check" CHECK ("reason" IN
    ('unknown_intent', 'abstained', 'no_playbook', 'escalated_by_playbook', 'playbook_unusable', 'empty_body',
     'unreadable_sender', 'seen_after_reply', 'thread_with_person', 'origin_implausible', 'read_late', 'first_enumeration',
     'reply_unconfirmed', 'reply_refused', 'thread_status_unknown', 'thread_too_long', 'gone_at_provider',
     'already_answered', 'edited_after_answer', 'approval_rejected', 'approval_overdue', 'reply_limit',
     'channel_without_reply', 'phone_unusable', 'region_unknown', 'do_not_call', 'no_calling_hours', 'call_unanswered',
     'call_unconfirmed', 'call_refused', 'call_elsewhere', 'hand_off_refused', 'hand_off_overdue', 'hand_off_failed',
     'found_by_backfill'));ALTER TABLE "alarm" DROP CONSTRAINT "alarm_kind_check";
ALTER TABLE "alarm" ADD CONSTRAINT "alarm_kind_check" CHECK ("kind" IN
    ('listing_gap', 'guarantee_stretched', 'claim_turned', 'mass_parking', 'source_trouble', 'token_rejected', 'audit_miss',
     'frame_hole', 'canary_overdue', 'id_collision', 'reply_overdue', 'playbooks_unusable', 'classifier_unusable',
     'sending_stopped', 'case_overdue', 'hand_off_overdue', 'call_mismatch', 'submission_gap', 'backfill_held'));

ALTER TABLE "message" ADD COLUMN "backfill_id" UUID;
ALTER TABLE "listing" ALTER COLUMN "window_id" DROP NOT NULL;
ALTER TABLE "listing" ADD COLUMN "backfill_id" UUID;
ALTER TABLE "listing" ADD CONSTRAINT "listing_reader_check" CHECK (num_nonnulls("window_id", "backfill_id") = 1);

CREATE TABLE "backfill" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "source" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "workflow_id" TEXT NOT NULL,
  -- The first run of the workflow that walks it; null until that has begun.
  "run_id" TEXT,
  "mode" TEXT NOT NULL,
  -- What may be done about what it takes in; null unless the mode is automate.
  "policy" JSONB,
  "direction" TEXT NOT NULL,
  "from_at" TIMESTAMPTZ(3) NOT NULL,
  "to_at" TIMESTAMPTZ(3) NOT NULL,
  -- Width of its listings.
  "width_ms" BIGINT NOT NULL,
  -- Its own ceiling, sleeps and sizes, as they are now.
  "pace" JSONB NOT NULL,
  "own_queue" BOOLEAN NOT NULL DEFAULT false,
  -- Created on this side of it, seen from where it began: listed.
  "position_at" TIMESTAMPTZ(3) NOT NULL,
  "state" TEXT NOT NULL,
  -- Why it makes no calls now, since when; null where it does.
  "hold" TEXT,
  "hold_since" TIMESTAMPTZ(3),
  "hold_until" TIMESTAMPTZ(3),
  -- Hours of the day in which it runs, with their zone; null is all.
  "hours" JSONB,
  "asked_by" TEXT NOT NULL,
  "asked_at" TIMESTAMPTZ(3) NOT NULL,
  "begun_at" TIMESTAMPTZ(3),
  "ended_at" TIMESTAMPTZ(3),
  -- What was true right before its first call.
  "before" JSONB,
  CONSTRAINT "backfill_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "backfill_mode_check" CHECK ("mode" IN ('report', 'record', 'automate')),
  CONSTRAINT "backfill_policy_check" CHECK (("mode" = 'automate') = ("policy" IS NOT NULL)),
  CONSTRAINT "backfill_direction_check" CHECK ("direction" IN ('newest_first', 'oldest_first')),
  CONSTRAINT "backfill_interval_check" CHECK ("from_at" < "to_at" AND "position_at" BETWEEN "from_at" AND "to_at"),
  CONSTRAINT "backfill_state_check" CHECK ("state" IN ('running', 'done', 'cancelled', 'failed')),
  CONSTRAINT "backfill_ended_check" CHECK (("state" = 'running') = ("ended_at" IS NULL)),
  CONSTRAINT "backfill_hold_check" CHECK ("hold" IN
    ('person', 'hours', 'breaker', 'lateness', 'source_stopped', 'token_rejected', 'no_worker', 'source_removed')),
  CONSTRAINT "backfill_held_check" CHECK (("hold" IS NULL) = ("hold_since" IS NULL))
);
-- Two of one source would walk the same threads on one budget.
CREATE UNIQUE INDEX "backfill_open_key" ON "backfill" ("source") WHERE ("ended_at" IS NULL);
CREATE UNIQUE INDEX "backfill_run_id_key" ON "backfill" ("run_id");
CREATE INDEX "backfill_source_asked_at_idx" ON "backfill" ("source", "asked_at");

CREATE TABLE "backfill_listing" (
  "backfill_id" UUID NOT NULL,
  "from_at" TIMESTAMPTZ(3) NOT NULL,
  "to_at" TIMESTAMPTZ(3) NOT NULL,
  "outcome" TEXT NOT NULL,
  "because" TEXT,
  "at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "backfill_listing_pkey" PRIMARY KEY ("backfill_id", "from_at", "to_at"),
  CONSTRAINT "backfill_listing_outcome_check" CHECK ("outcome" IN ('listed', 'unlisted')),
  CONSTRAINT "backfill_listing_because_check" CHECK (("outcome" = 'unlisted') = ("because" IS NOT NULL))
);

CREATE TABLE "backfill_thread" (
  -- What Temporal knows it by: the provider's id may hold an address.
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "backfill_id" UUID NOT NULL,
  "provider_thread_id" TEXT NOT NULL,
  -- Ours; null where the mode stores nothing and we do not know it.
  "thread_id" UUID,
  "created_at" TIMESTAMPTZ(3) NOT NULL,
  "position" BIGINT GENERATED ALWAYS AS IDENTITY,
  "state" TEXT NOT NULL,
  -- What was known of it right before it was read.
  "known" BOOLEAN NOT NULL,
  "read_whole_at" TIMESTAMPTZ(3),
  -- Message pages asked for, confirming ones included, and how many its messages fill.
  "calls" INTEGER NOT NULL DEFAULT 0,
  "pages" INTEGER,
  "shown" INTEGER,
  "missed" INTEGER,
  "parked" INTEGER NOT NULL DEFAULT 0,
  -- By month of the stamp: shown, shown and known before, the same of inbound ones.
  "months" JSONB,
  "because" TEXT,
  "closed_at" TIMESTAMPTZ(3),
  CONSTRAINT "backfill_thread_pkey" PRIMARY KEY ("backfill_id", "provider_thread_id"),
  CONSTRAINT "backfill_thread_state_check" CHECK ("state" IN ('listed', 'taken', 'read', 'gone', 'unread')),
  CONSTRAINT "backfill_thread_read_check" CHECK (("state" = 'read') = ("months" IS NOT NULL))
);
CREATE UNIQUE INDEX "backfill_thread_id_key" ON "backfill_thread" ("id");
CREATE INDEX "backfill_thread_listed_idx" ON "backfill_thread" ("backfill_id", "position") WHERE ("state" = 'listed');
CREATE INDEX "backfill_thread_open_idx" ON "backfill_thread" ("backfill_id") WHERE ("state" IN ('listed', 'taken'));

CREATE TABLE "backfill_find" (
  "backfill_id" UUID NOT NULL,
  "provider_message_id" TEXT NOT NULL,
  "provider_thread_id" TEXT NOT NULL,
  -- Ours; null where the mode stores nothing.
  "message_id" UUID,
  "direction" TEXT NOT NULL,
  "channel" TEXT NOT NULL,
  -- First day of the month of its stamp, in UTC.
  "month" DATE NOT NULL,
  "origin_at" TIMESTAMPTZ(3),
  -- Age of its thread when it was written, by its stamp; null where the stamp proves nothing.
  "thread_age_ms" BIGINT,
  -- The way it would have gone, or why it would have gone none.
  "route" TEXT,
  "cause" TEXT NOT NULL,
  "call_id" UUID NOT NULL,
  "found_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "backfill_find_pkey" PRIMARY KEY ("backfill_id", "provider_message_id"),
  CONSTRAINT "backfill_find_cause_check" CHECK ("cause" IN
    ('never_asked_for', 'not_returned', 'not_revisited', 'overlooked', 'parked', 'lost_inside', 'undecidable'))
);
CREATE INDEX "backfill_find_message_id_idx" ON "backfill_find" ("message_id");

-- What people asked of it: by its commands, in Temporal's own tools, or malformed.
CREATE TABLE "backfill_order" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "backfill_id" UUID NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "actor" TEXT NOT NULL,
  "verb" TEXT NOT NULL,
  "detail" JSONB NOT NULL,
  -- Why it was refused; null where it was done.
  "refused" TEXT,
  CONSTRAINT "backfill_order_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "backfill_order_verb_check" CHECK ("verb" IN ('pause', 'resume', 'pace', 'extend', 'cancel'))
);
CREATE INDEX "backfill_order_backfill_id_at_idx" ON "backfill_order" ("backfill_id", "at");
