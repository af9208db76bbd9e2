-- Messages that change, and threads that are too long to be read whole at every visit.

-- When a whole reading first lacked it: a second one that lacks it too makes it gone.
ALTER TABLE "message" ADD COLUMN "missed_at" TIMESTAMPTZ(3);

-- When the provider first did not know it, and where its messages went.
ALTER TABLE "thread" ADD COLUMN "missed_at" TIMESTAMPTZ(3);
ALTER TABLE "thread" ADD COLUMN "merged_into" UUID;
CREATE INDEX "thread_merged_into_idx" ON "thread" ("merged_into") WHERE ("merged_into" IS NOT NULL);

-- The open case that this one was joined into, when their threads were merged.
ALTER TABLE "case" ADD COLUMN "joined_into" UUID;

-- Ranges of pages of a thread that has more of them than one visit reads; a shorter thread has no row here.
CREATE TABLE "thread_range" (
  "thread_id" UUID NOT NULL,
  "depth" INTEGER NOT NULL,
  "reading_id" UUID NOT NULL,
  "begun_at" TIMESTAMPTZ(3) NOT NULL,
  "last_activity_at" TIMESTAMPTZ(3) NOT NULL,
  -- Null once its silence has reached the horizon.
  "due_at" TIMESTAMPTZ(3),
  CONSTRAINT "thread_range_pkey" PRIMARY KEY ("thread_id", "depth")
);

-- Where a message stood before: append-only.
CREATE TABLE "message_move" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "message_id" UUID NOT NULL,
  "from_thread_id" UUID NOT NULL,
  "to_thread_id" UUID NOT NULL,
  "moved_at" TIMESTAMPTZ(3) NOT NULL,
  "call_id" UUID NOT NULL,
  CONSTRAINT "message_move_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "message_move_message_id_idx" ON "message_move" ("message_id");
CREATE INDEX "message_move_from_thread_id_idx" ON "message_move" ("from_thread_id");

-- What the provider called a thread before: append-only.
CREATE TABLE "thread_status" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "thread_id" UUID NOT NULL,
  "was" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "changed_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "thread_status_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "thread_status_thread_id_idx" ON "thread_status" ("thread_id");

ALTER TABLE "message" DROP CONSTRAINT "message_reason_check";
ALTER TABLE "message" ADD CONSTRAINT "message_reason_check" CHECK ("reason" IN
    ('observed_only', 'before_answer_from', 'first_enumeration', 'own_message', 'auto_submitted', 'bulk_mail', 'spam_thread',
     'canary', 'unknown_intent', 'no_playbook', 'empty_body', 'unreadable_sender', 'seen_after_reply', 'thread_with_person',
     'origin_implausible', 'reply_unconfirmed', 'reply_refused', 'thread_status_unknown', 'thread_too_long',
     'gone_at_provider', 'already_answered', 'edited_after_answer', 'person_replied', 'person_replied_first', 'our_reply',
     'person_reply', 'accepted', 'seen_in_thread', 'burst', 'twin', 'decision_failed'));
ALTER TABLE "case" DROP CONSTRAINT "case_reason_check";
ALTER TABLE "case" ADD CONSTRAINT "case_reason_check" CHECK ("reason" IN
    ('unknown_intent', 'no_playbook', 'empty_body', 'unreadable_sender', 'seen_after_reply', 'thread_with_person',
     'origin_implausible', 'first_enumeration', 'reply_unconfirmed', 'reply_refused', 'thread_status_unknown', 'thread_too_long',
     'gone_at_provider', 'already_answered', 'edited_after_answer'));
