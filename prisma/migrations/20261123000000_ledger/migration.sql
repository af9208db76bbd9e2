-- The ledger. Instants are timestamptz(3), UTC. Every `at` is given by the caller's clock, never by the server's.
-- Calls, events and bodies are partitioned by month; their partitions live in the schema "partitions" and are made ahead by
-- `waybill migrate` and the upkeep schedule. Identity stays unpartitioned, on message.
-- Check constraints repeat the closed tables of src/domain; test/integration/ledger holds both together.
CREATE SCHEMA IF NOT EXISTS "partitions";

CREATE TABLE "source" (
  "name" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "origin" TEXT NOT NULL,
  "mailbox_group" TEXT NOT NULL,
  "mode" TEXT NOT NULL,
  "answer_from" TIMESTAMPTZ(3),
  "answer_from_explicit" BOOLEAN NOT NULL DEFAULT false,
  "rate_per_second" DOUBLE PRECISION NOT NULL,
  "blocked_until" TIMESTAMPTZ(3),
  "demanded_at" TIMESTAMPTZ(3),
  "enumerated_at" TIMESTAMPTZ(3),
  "created_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "source_pkey" PRIMARY KEY ("name"),
  CONSTRAINT "source_mode_check" CHECK ("mode" IN ('observe', 'shadow', 'approve', 'live'))
);

CREATE TABLE "poll_window" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "source" TEXT NOT NULL,
  "run_id" TEXT NOT NULL,
  "end_at" TIMESTAMPTZ(3) NOT NULL,
  "owed" JSONB NOT NULL,
  "opened_at" TIMESTAMPTZ(3) NOT NULL,
  "closed_at" TIMESTAMPTZ(3),
  "outcome" TEXT,
  "account" JSONB,
  CONSTRAINT "poll_window_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "poll_window_outcome_check" CHECK ("outcome" IN ('balanced', 'open'))
);
CREATE UNIQUE INDEX "poll_window_run_id_key" ON "poll_window" ("run_id");
CREATE INDEX "poll_window_source_opened_at_idx" ON "poll_window" ("source", "opened_at");

CREATE TABLE "visit_round" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "source" TEXT NOT NULL,
  "run_id" TEXT NOT NULL,
  "opened_at" TIMESTAMPTZ(3) NOT NULL,
  "closed_at" TIMESTAMPTZ(3),
  "account" JSONB,
  CONSTRAINT "visit_round_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "visit_round_run_id_key" ON "visit_round" ("run_id");
CREATE INDEX "visit_round_source_opened_at_idx" ON "visit_round" ("source", "opened_at");

-- One row per exhausted reading of a creation interval. Coverage and its gaps are computed from these rows alone.
CREATE TABLE "listing" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "source" TEXT NOT NULL,
  "window_id" UUID NOT NULL,
  "from_at" TIMESTAMPTZ(3) NOT NULL,
  "to_at" TIMESTAMPTZ(3) NOT NULL,
  "covering" BOOLEAN NOT NULL,
  "begun_at" TIMESTAMPTZ(3) NOT NULL,
  "exhausted_at" TIMESTAMPTZ(3) NOT NULL,
  "pages" INTEGER NOT NULL,
  "threads" INTEGER NOT NULL,
  "id_set_hash" TEXT NOT NULL,
  "last_call_id" UUID NOT NULL,
  "superseded" BOOLEAN NOT NULL DEFAULT false,
  CONSTRAINT "listing_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "listing_interval_check" CHECK ("from_at" < "to_at")
);
CREATE UNIQUE INDEX "listing_last_call_id_key" ON "listing" ("last_call_id");
CREATE INDEX "listing_source_superseded_begun_at_idx" ON "listing" ("source", "superseded", "begun_at");

CREATE TABLE "thread" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "source" TEXT NOT NULL,
  "provider_thread_id" TEXT NOT NULL,
  "subject" TEXT,
  "inbox" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL,
  "first_seen_at" TIMESTAMPTZ(3) NOT NULL,
  "by_first_enumeration" BOOLEAN NOT NULL,
  "last_activity_at" TIMESTAMPTZ(3),
  "read_whole_at" TIMESTAMPTZ(3),
  "gone_at" TIMESTAMPTZ(3),
  CONSTRAINT "thread_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "thread_source_provider_thread_id_key" ON "thread" ("source", "provider_thread_id");

-- Narrow, because it is written at every visit.
CREATE TABLE "thread_due" (
  "thread_id" UUID NOT NULL,
  "source" TEXT NOT NULL,
  "due_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "thread_due_pkey" PRIMARY KEY ("thread_id")
);
CREATE INDEX "thread_due_source_due_at_idx" ON "thread_due" ("source", "due_at");

-- One twin group per Message-ID and content in a mailbox group.
CREATE TABLE "twin_group" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "mailbox_group" TEXT NOT NULL,
  "message_id_hash" TEXT NOT NULL,
  "content_hash" TEXT NOT NULL,
  "first_message_id" UUID NOT NULL,
  CONSTRAINT "twin_group_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "twin_group_mailbox_group_message_id_hash_content_hash_key"
  ON "twin_group" ("mailbox_group", "message_id_hash", "content_hash");

CREATE TABLE "message" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "source" TEXT NOT NULL,
  "provider_message_id" TEXT NOT NULL,
  "thread_id" UUID NOT NULL,
  "twin_group_id" UUID NOT NULL,
  "channel" TEXT NOT NULL,
  "direction" TEXT NOT NULL,
  "origin_at" TIMESTAMPTZ(3),
  "received_at" TIMESTAMPTZ(3),
  "first_seen_at" TIMESTAMPTZ(3) NOT NULL,
  "first_seen_by" TEXT NOT NULL,
  "first_call_id" UUID NOT NULL,
  "reading_id" UUID NOT NULL,
  "activity_at" TIMESTAMPTZ(3) NOT NULL,
  "arrival_known" BOOLEAN NOT NULL,
  "message_id_hash" TEXT,
  "content_hash" TEXT NOT NULL,
  "has_body" BOOLEAN NOT NULL,
  "client_ref" TEXT,
  "adapter_version" TEXT NOT NULL,
  "route" TEXT,
  "hold" TEXT,
  "state" TEXT NOT NULL,
  "waiting_kind" TEXT,
  "waiting_until" TIMESTAMPTZ(3),
  "disposition" TEXT,
  "reason" TEXT,
  "other_message_id" UUID,
  "case_id" UUID,
  "carry_count" INTEGER NOT NULL DEFAULT 0,
  "carrier_run_id" TEXT,
  "dispatched_at" TIMESTAMPTZ(3),
  "ended_at" TIMESTAMPTZ(3),
  "gone_at" TIMESTAMPTZ(3),
  CONSTRAINT "message_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "message_channel_check" CHECK ("channel" IN ('email', 'form', 'phone', 'chat')),
  CONSTRAINT "message_direction_check" CHECK ("direction" IN ('inbound', 'outbound')),
  CONSTRAINT "message_first_seen_by_check" CHECK ("first_seen_by" IN ('poll', 'webhook', 'audit', 'backfill', 'look')),
  CONSTRAINT "message_route_check" CHECK ("route" IN ('email', 'form', 'callback', 'chat')),
  CONSTRAINT "message_hold_check" CHECK ("hold" IN ('first_enumeration', 'origin_implausible')),
  CONSTRAINT "message_state_check" CHECK ("state" IN ('recorded', 'carried', 'waiting', 'parked', 'ended')),
  CONSTRAINT "message_waiting_kind_check" CHECK ("waiting_kind" IN
    ('body', 'settle', 'turn', 'approval', 'business_hours', 'callback', 'outcome', 'confirmation')),
  CONSTRAINT "message_disposition_check" CHECK ("disposition" IN
    ('answered', 'answered_with', 'superseded_by', 'callback_done', 'handed_off_done', 'escalated', 'ignored', 'duplicate_of', 'outbound')),
  CONSTRAINT "message_reason_check" CHECK ("reason" IN
    ('observed_only', 'before_answer_from', 'first_enumeration', 'own_message', 'auto_submitted', 'bulk_mail', 'spam_thread',
     'unknown_intent', 'no_playbook', 'empty_body', 'unreadable_sender', 'seen_after_reply', 'thread_with_person',
     'origin_implausible', 'reply_unconfirmed', 'reply_refused', 'thread_status_unknown', 'thread_too_long', 'gone_at_provider',
     'already_answered', 'person_replied', 'person_replied_first', 'our_reply', 'person_reply', 'accepted', 'seen_in_thread',
     'burst', 'twin', 'decision_failed')),
  -- No silent exit: each state carries what explains it, and nothing else.
  CONSTRAINT "message_ending_check" CHECK (
    ("state" = 'ended') = ("disposition" IS NOT NULL AND "ended_at" IS NOT NULL)
    AND ("state" = 'waiting') = ("waiting_kind" IS NOT NULL)
    AND ("state" IN ('ended', 'parked')) = ("reason" IS NOT NULL)
    AND ("disposition" IS DISTINCT FROM 'escalated' OR "case_id" IS NOT NULL)
  )
);
CREATE UNIQUE INDEX "message_source_provider_message_id_key" ON "message" ("source", "provider_message_id");
CREATE INDEX "message_thread_id_idx" ON "message" ("thread_id");
CREATE INDEX "message_twin_group_id_idx" ON "message" ("twin_group_id");
CREATE INDEX "message_client_ref_idx" ON "message" ("client_ref");
-- The open ones are few beside the ended ones; dispatch and the balance read only them.
CREATE INDEX "message_open_idx" ON "message" ("state", "dispatched_at") WHERE ("state" IN ('recorded', 'carried', 'waiting'));

-- What was written, apart from the message, so that it can be erased or encrypted.
CREATE TABLE "message_body" (
  "message_id" UUID NOT NULL,
  "version" INTEGER NOT NULL,
  "recorded_at" TIMESTAMPTZ(3) NOT NULL,
  "call_id" UUID NOT NULL,
  "content_hash" TEXT NOT NULL,
  "from_address" JSONB,
  "to_addresses" JSONB NOT NULL,
  "subject" TEXT,
  "text" TEXT,
  "html" TEXT,
  "headers" JSONB NOT NULL,
  CONSTRAINT "message_body_pkey" PRIMARY KEY ("message_id", "version", "recorded_at")
) PARTITION BY RANGE ("recorded_at");

CREATE TABLE "attachment" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "message_id" UUID NOT NULL,
  "provider_attachment_id" TEXT NOT NULL,
  "name" TEXT,
  "content_type" TEXT,
  "size" BIGINT,
  "state" TEXT NOT NULL,
  "recorded_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "attachment_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "attachment_state_check" CHECK ("state" IN ('named', 'fetched', 'too_large', 'gone'))
);
CREATE UNIQUE INDEX "attachment_message_id_provider_attachment_id_key" ON "attachment" ("message_id", "provider_attachment_id");

-- Every request to a provider: opened before it leaves, so that none is unknown after a crash.
CREATE TABLE "provider_call" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "opened_at" TIMESTAMPTZ(3) NOT NULL,
  "source" TEXT NOT NULL,
  "operation" TEXT NOT NULL,
  "parameters" JSONB NOT NULL,
  "window_id" UUID,
  "round_id" UUID,
  "thread_id" UUID,
  "message_id" UUID,
  "reading_id" UUID NOT NULL,
  "page" INTEGER NOT NULL,
  "attempt" INTEGER NOT NULL,
  "finished_at" TIMESTAMPTZ(3),
  "status" INTEGER,
  "failure" TEXT,
  "rows" INTEGER,
  "known" INTEGER,
  "stored" INTEGER,
  "parked" INTEGER,
  "rejected" INTEGER,
  "ids" TEXT[],
  "next_cursor" TEXT,
  "exhausted" BOOLEAN,
  "retry_after_ms" BIGINT,
  "unknown_fields" JSONB,
  "answer" TEXT,
  CONSTRAINT "provider_call_pkey" PRIMARY KEY ("id", "opened_at"),
  CONSTRAINT "provider_call_operation_check" CHECK ("operation" IN ('listThreads', 'getThread', 'listMessages', 'postReply')),
  -- Law 2 at the boundary: what came back is known, stored, parked or rejected, and nothing else.
  CONSTRAINT "provider_call_balance_check" CHECK ("rows" IS NULL OR "rows" = "known" + "stored" + "parked" + "rejected")
) PARTITION BY RANGE ("opened_at");
CREATE INDEX "provider_call_reading_id_idx" ON "provider_call" ("reading_id");
CREATE INDEX "provider_call_source_opened_at_idx" ON "provider_call" ("source", "opened_at");
CREATE INDEX "provider_call_thread_id_idx" ON "provider_call" ("thread_id");

-- Append-only. `writer` lets a reader stop below the oldest running transaction, so that no late commit is skipped.
CREATE TABLE "lifecycle_event" (
  "seq" BIGINT GENERATED ALWAYS AS IDENTITY,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "message_id" UUID NOT NULL,
  "kind" TEXT NOT NULL,
  "carry" INTEGER NOT NULL,
  "detail" JSONB NOT NULL,
  "writer" BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text)::bigint,
  CONSTRAINT "lifecycle_event_pkey" PRIMARY KEY ("seq", "at"),
  CONSTRAINT "lifecycle_event_kind_check" CHECK ("kind" IN
    ('recorded', 'body_arrived', 'edited', 'moved', 'carried', 'triaged', 'classified', 'decided', 'waiting', 'turn_taken',
     'reply_prepared', 'reply_looked', 'reply_posting', 'reply_doubtful', 'reply_accepted', 'reply_confirmed', 'reply_withdrawn',
     'reopened', 'parked', 'ended'))
) PARTITION BY RANGE ("at");
CREATE INDEX "lifecycle_event_message_id_idx" ON "lifecycle_event" ("message_id");

-- What went wrong, in full: message, cause and stack stay here and never pass through Temporal.
CREATE TABLE "failure" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "at" TIMESTAMPTZ(3) NOT NULL,
  "type" TEXT NOT NULL,
  "code" TEXT,
  "call_id" UUID,
  "message_id" UUID,
  "activity" TEXT NOT NULL,
  "workflow_id" TEXT,
  "attempt" INTEGER NOT NULL,
  "detail" TEXT NOT NULL,
  CONSTRAINT "failure_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "failure_message_id_idx" ON "failure" ("message_id");
CREATE INDEX "failure_at_idx" ON "failure" ("at");

CREATE TABLE "outbox" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "message_id" UUID NOT NULL,
  "thread_id" UUID NOT NULL,
  "source" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "client_ref" TEXT NOT NULL,
  "idempotency_key" TEXT NOT NULL,
  "template" TEXT NOT NULL,
  "text" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "fence" INTEGER NOT NULL DEFAULT 0,
  "prepared_at" TIMESTAMPTZ(3) NOT NULL,
  "posting_at" TIMESTAMPTZ(3),
  "accepted_at" TIMESTAMPTZ(3),
  "confirmed_at" TIMESTAMPTZ(3),
  "provider_message_id" TEXT,
  CONSTRAINT "outbox_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "outbox_kind_check" CHECK ("kind" IN ('reply')),
  CONSTRAINT "outbox_state_check" CHECK ("state" IN ('pending', 'looking', 'posting', 'doubtful', 'accepted', 'unconfirmed', 'withdrawn'))
);
CREATE UNIQUE INDEX "outbox_message_id_kind_key" ON "outbox" ("message_id", "kind");
CREATE UNIQUE INDEX "outbox_client_ref_key" ON "outbox" ("client_ref");

-- At most one visible answer per twin group and kind, whatever crashes.
CREATE TABLE "answer_claim" (
  "twin_group_id" UUID NOT NULL,
  "kind" TEXT NOT NULL,
  "message_id" UUID NOT NULL,
  "claimed_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "answer_claim_pkey" PRIMARY KEY ("twin_group_id", "kind"),
  CONSTRAINT "answer_claim_kind_check" CHECK ("kind" IN ('reply'))
);

CREATE TABLE "thread_turn" (
  "thread_id" UUID NOT NULL,
  "message_id" UUID NOT NULL,
  "taken_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "thread_turn_pkey" PRIMARY KEY ("thread_id")
);

CREATE TABLE "case" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "thread_id" UUID NOT NULL,
  "message_id" UUID NOT NULL,
  "reason" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "opened_at" TIMESTAMPTZ(3) NOT NULL,
  "resolved_at" TIMESTAMPTZ(3),
  CONSTRAINT "case_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "case_state_check" CHECK ("state" IN ('open', 'resolved')),
  CONSTRAINT "case_reason_check" CHECK ("reason" IN
    ('unknown_intent', 'no_playbook', 'empty_body', 'unreadable_sender', 'seen_after_reply', 'thread_with_person',
     'origin_implausible', 'first_enumeration', 'reply_unconfirmed', 'reply_refused', 'thread_status_unknown', 'thread_too_long',
     'gone_at_provider', 'already_answered')),
  CONSTRAINT "case_resolved_check" CHECK (("state" = 'resolved') = ("resolved_at" IS NOT NULL))
);
CREATE INDEX "case_thread_id_idx" ON "case" ("thread_id");
-- A thread has at most one open case: what comes next joins it.
CREATE UNIQUE INDEX "case_open_thread_idx" ON "case" ("thread_id") WHERE ("state" = 'open');

-- What came and could not be read, as it came.
CREATE TABLE "park" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "source" TEXT NOT NULL,
  "item" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "reason" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "call_id" UUID NOT NULL,
  "thread_id" UUID,
  "raw" TEXT NOT NULL,
  "problem" TEXT NOT NULL,
  "parked_at" TIMESTAMPTZ(3) NOT NULL,
  "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
  "resolved_at" TIMESTAMPTZ(3),
  CONSTRAINT "park_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "park_kind_check" CHECK ("kind" IN ('thread', 'message')),
  CONSTRAINT "park_reason_check" CHECK ("reason" IN ('unreadable_row', 'id_collision', 'decision_failed')),
  CONSTRAINT "park_state_check" CHECK ("state" IN ('parked', 'resolved'))
);
CREATE UNIQUE INDEX "park_source_kind_item_key" ON "park" ("source", "kind", "item");

CREATE TABLE "marker" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "at" TIMESTAMPTZ(3) NOT NULL,
  "kind" TEXT NOT NULL,
  "text" TEXT NOT NULL,
  CONSTRAINT "marker_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "marker_kind_check" CHECK ("kind" IN ('deploy', 'setting', 'playbook', 'migration', 'note'))
);
CREATE INDEX "marker_at_idx" ON "marker" ("at");
