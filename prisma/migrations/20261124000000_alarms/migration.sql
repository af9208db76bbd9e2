-- Alarms, and the words that the deepened intake writes: message, park, event and call tables keep their closed lists.
CREATE TABLE "alarm" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "kind" TEXT NOT NULL,
  "source" TEXT,
  "subject" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "evidence" JSONB NOT NULL,
  "raised_at" TIMESTAMPTZ(3) NOT NULL,
  "last_raised_at" TIMESTAMPTZ(3) NOT NULL,
  "raises" INTEGER NOT NULL,
  -- When people were last to be told of it; a delivery that is older has still to be made.
  "notify_at" TIMESTAMPTZ(3) NOT NULL,
  "notified_at" TIMESTAMPTZ(3),
  "acknowledged_at" TIMESTAMPTZ(3),
  "acknowledged_by" TEXT,
  "quenched_at" TIMESTAMPTZ(3),
  "resolved_at" TIMESTAMPTZ(3),
  "resolved_by" TEXT,
  CONSTRAINT "alarm_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "alarm_kind_check" CHECK ("kind" IN
    ('listing_gap', 'guarantee_stretched', 'claim_turned', 'mass_parking', 'source_trouble', 'token_rejected', 'audit_miss',
     'frame_hole', 'canary_overdue', 'id_collision', 'reply_overdue')),
  CONSTRAINT "alarm_state_check" CHECK ("state" IN ('open', 'acknowledged', 'quenched', 'resolved')),
  CONSTRAINT "alarm_resolved_check" CHECK (("state" = 'resolved') = ("resolved_at" IS NOT NULL))
);
-- One alarm for one condition: what is seen again adds to it.
CREATE UNIQUE INDEX "alarm_live_idx" ON "alarm" ("kind", "source", "subject") NULLS NOT DISTINCT WHERE ("state" <> 'resolved');
CREATE INDEX "alarm_raised_at_idx" ON "alarm" ("raised_at");

ALTER TABLE "message" DROP CONSTRAINT "message_reason_check";
ALTER TABLE "message" ADD CONSTRAINT "message_reason_check" CHECK ("reason" IN
    ('observed_only', 'before_answer_from', 'first_enumeration', 'own_message', 'auto_submitted', 'bulk_mail', 'spam_thread',
     'canary', 'unknown_intent', 'no_playbook', 'empty_body', 'unreadable_sender', 'seen_after_reply', 'thread_with_person',
     'origin_implausible', 'reply_unconfirmed', 'reply_refused', 'thread_status_unknown', 'thread_too_long',
     'gone_at_provider', 'already_answered', 'person_replied', 'person_replied_first', 'our_reply', 'person_reply', 'accepted',
     'seen_in_thread', 'burst', 'twin', 'decision_failed'));
ALTER TABLE "lifecycle_event" DROP CONSTRAINT "lifecycle_event_kind_check";
ALTER TABLE "lifecycle_event" ADD CONSTRAINT "lifecycle_event_kind_check" CHECK ("kind" IN
    ('recorded', 'body_arrived', 'edited', 'moved', 'gone', 'back', 'collided', 'reprocessed', 'carried', 'triaged',
     'classified', 'decided', 'waiting', 'turn_taken', 'reply_prepared', 'reply_looked', 'reply_posting', 'reply_doubtful',
     'reply_accepted', 'reply_confirmed', 'reply_withdrawn', 'reopened', 'parked', 'ended'));
ALTER TABLE "park" DROP CONSTRAINT "park_reason_check";
ALTER TABLE "park" ADD CONSTRAINT "park_reason_check" CHECK ("reason" IN
    ('unreadable_row', 'id_collision', 'unreadable_answer', 'vanished', 'decision_failed'));
ALTER TABLE "park" DROP CONSTRAINT "park_kind_check";
ALTER TABLE "park" ADD CONSTRAINT "park_kind_check" CHECK ("kind" IN
    ('thread', 'message', 'page'));
ALTER TABLE "provider_call" DROP CONSTRAINT "provider_call_operation_check";
ALTER TABLE "provider_call" ADD CONSTRAINT "provider_call_operation_check" CHECK ("operation" IN
    ('listThreads', 'getThread', 'listMessages', 'postReply', 'getAttachment'));
