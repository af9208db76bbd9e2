-- What is decided about a message and what is allowed to leave: the words of the ways from stored to answered.
ALTER TABLE "message" DROP CONSTRAINT "message_reason_check";
ALTER TABLE "message" ADD CONSTRAINT "message_reason_check" CHECK ("reason" IN
    ('observed_only', 'before_answer_from', 'first_enumeration', 'own_message', 'auto_submitted', 'response_suppressed',
     'bounce', 'bulk_mail', 'spam_thread', 'canary', 'shadowed', 'closed_by_playbook', 'unknown_intent', 'abstained',
     'no_playbook', 'escalated_by_playbook', 'playbook_unusable', 'empty_body', 'unreadable_sender', 'seen_after_reply',
     'thread_with_person', 'origin_implausible', 'read_late', 'reply_unconfirmed', 'reply_refused', 'thread_status_unknown',
     'thread_too_long', 'gone_at_provider', 'already_answered', 'edited_after_answer', 'approval_rejected',
     'approval_overdue', 'reply_limit', 'channel_without_reply', 'phone_unusable', 'region_unknown', 'do_not_call',
     'no_calling_hours', 'call_unanswered', 'call_unconfirmed', 'call_refused', 'call_elsewhere', 'hand_off_refused',
     'hand_off_overdue', 'hand_off_failed', 'person_replied', 'person_replied_first', 'our_reply', 'person_reply',
     'accepted', 'seen_in_thread', 'burst', 'twin', 'same_submission', 'call_completed', 'outcome_done', 'decision_failed'));
ALTER TABLE "message" DROP CONSTRAINT "message_waiting_kind_check";
ALTER TABLE "message" ADD CONSTRAINT "message_waiting_kind_check" CHECK ("waiting_kind" IN
    ('body', 'settle', 'turn', 'approval', 'business_hours', 'callback', 'outcome', 'confirmation', 'stopped'));
ALTER TABLE "case" DROP CONSTRAINT "case_reason_check";
ALTER TABLE "case" ADD CONSTRAINT "case_reason_check" CHECK ("reason" IN
    ('unknown_intent', 'abstained', 'no_playbook', 'escalated_by_playbook', 'playbook_unusable', 'empty_body',
     'unreadable_sender', 'seen_after_reply', 'thread_with_person', 'origin_implausible', 'read_late', 'first_enumeration',
     'reply_unconfirmed', 'reply_refused', 'thread_status_unknown', 'thread_too_long', 'gone_at_provider',
     'already_answered', 'edited_after_answer', 'approval_rejected', 'approval_overdue', 'reply_limit',
     'channel_without_reply', 'phone_unusable', 'region_unknown', 'do_not_call', 'no_calling_hours', 'call_unanswered',
     'call_unconfirmed', 'call_refused', 'call_elsewhere', 'hand_off_refused', 'hand_off_overdue', 'hand_off_failed'));
ALTER TABLE "lifecycle_event" DROP CONSTRAINT "lifecycle_event_kind_check";
ALTER TABLE "lifecycle_event" ADD CONSTRAINT "lifecycle_event_kind_check" CHECK ("kind" IN
    ('recorded', 'body_arrived', 'edited', 'moved', 'gone', 'back', 'collided', 'reprocessed', 'carried', 'triaged',
     'classified', 'mapped', 'decided', 'tagged', 'drafted', 'approval_asked', 'approved', 'rejected', 'held', 'released',
     'call_requested', 'call_placed', 'call_doubtful', 'call_status', 'call_ended', 'handed_off', 'outcome_reported',
     'waiting', 'turn_taken', 'reply_prepared', 'reply_looked', 'reply_posting', 'reply_doubtful', 'reply_accepted',
     'reply_confirmed', 'reply_withdrawn', 'reopened', 'parked', 'ended'));
ALTER TABLE "park" DROP CONSTRAINT "park_kind_check";
ALTER TABLE "park" ADD CONSTRAINT "park_kind_check" CHECK ("kind" IN
    ('thread', 'message', 'page', 'submission'));
ALTER TABLE "park" DROP CONSTRAINT "park_reason_check";
ALTER TABLE "park" ADD CONSTRAINT "park_reason_check" CHECK ("reason" IN
    ('unreadable_row', 'id_collision', 'unreadable_answer', 'vanished', 'submission_invalid', 'decision_failed'));
ALTER TABLE "outbox" DROP CONSTRAINT "outbox_state_check";
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_state_check" CHECK ("state" IN
    ('drafted', 'pending', 'looking', 'posting', 'doubtful', 'accepted', 'unconfirmed', 'withdrawn'));
ALTER TABLE "answer_claim" DROP CONSTRAINT "answer_claim_kind_check";
ALTER TABLE "answer_claim" ADD CONSTRAINT "answer_claim_kind_check" CHECK ("kind" IN
    ('reply', 'callback', 'hand_off'));
ALTER TABLE "alarm" DROP CONSTRAINT "alarm_kind_check";
ALTER TABLE "alarm" ADD CONSTRAINT "alarm_kind_check" CHECK ("kind" IN
    ('listing_gap', 'guarantee_stretched', 'claim_turned', 'mass_parking', 'source_trouble', 'token_rejected', 'audit_miss',
     'frame_hole', 'canary_overdue', 'id_collision', 'reply_overdue', 'playbooks_unusable', 'classifier_unusable',
     'sending_stopped', 'case_overdue', 'hand_off_overdue', 'call_mismatch', 'submission_gap'));
ALTER TABLE "provider_call" DROP CONSTRAINT "provider_call_operation_check";
ALTER TABLE "provider_call" ADD CONSTRAINT "provider_call_operation_check" CHECK ("operation" IN
    ('listThreads', 'getThread', 'listMessages', 'postReply', 'getAttachment', 'addNote', 'createCall', 'getCall',
     'listCalls', 'listSubmissions', 'submitCanary', 'handOff', 'askModel'));

-- What was understood of a message and decided about it, by its newest carry; how it came to that stands in lifecycle_event.
CREATE TABLE "decision" (
  "message_id" UUID NOT NULL,
  "carry" INTEGER NOT NULL,
  "label" TEXT NOT NULL,
  "confidence" DOUBLE PRECISION NOT NULL,
  -- Which classifier, with its version.
  "classifier" TEXT NOT NULL,
  "understood_at" TIMESTAMPTZ(3) NOT NULL,
  "playbook" TEXT,
  "playbook_version" TEXT,
  "action" TEXT,
  -- The mode in force when it was decided.
  "mode" TEXT,
  "tags" TEXT[] NOT NULL DEFAULT '{}',
  "decided_at" TIMESTAMPTZ(3),
  CONSTRAINT "decision_pkey" PRIMARY KEY ("message_id"),
  CONSTRAINT "decision_action_check" CHECK ("action" IN ('reply', 'callback', 'hand_off', 'close', 'escalate')),
  CONSTRAINT "decision_mode_check" CHECK ("mode" IN ('observe', 'shadow', 'approve', 'live')),
  CONSTRAINT "decision_decided_check" CHECK (("decided_at" IS NULL) = ("action" IS NULL) AND ("action" IS NULL) = ("mode" IS NULL))
);
CREATE INDEX "decision_decided_at_idx" ON "decision" ("decided_at");

-- Modes below that of the source, for a route, a playbook or both; the narrowest that fits is in force.
CREATE TABLE "mode_setting" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "source" TEXT NOT NULL,
  "route" TEXT,
  "playbook" TEXT,
  "mode" TEXT NOT NULL,
  "set_at" TIMESTAMPTZ(3) NOT NULL,
  "set_by" TEXT NOT NULL,
  CONSTRAINT "mode_setting_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "mode_setting_mode_check" CHECK ("mode" IN ('observe', 'shadow', 'approve', 'live')),
  CONSTRAINT "mode_setting_route_check" CHECK ("route" IN ('email', 'form', 'callback', 'chat')),
  CONSTRAINT "mode_setting_scope_check" CHECK ("route" IS NOT NULL OR "playbook" IS NOT NULL)
);
CREATE UNIQUE INDEX "mode_setting_scope_idx" ON "mode_setting" ("source", "route", "playbook") NULLS NOT DISTINCT;

-- What may not leave until a person lifts it; null is every one.
CREATE TABLE "sending_stop" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "source" TEXT,
  "route" TEXT,
  "playbook" TEXT,
  "stopped_at" TIMESTAMPTZ(3) NOT NULL,
  "stopped_by" TEXT NOT NULL,
  "note" TEXT,
  "lifted_at" TIMESTAMPTZ(3),
  "lifted_by" TEXT,
  CONSTRAINT "sending_stop_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "sending_stop_lifted_check" CHECK (("lifted_at" IS NULL) = ("lifted_by" IS NULL))
);
CREATE UNIQUE INDEX "sending_stop_live_idx" ON "sending_stop" ("source", "route", "playbook") NULLS NOT DISTINCT WHERE ("lifted_at" IS NULL);

-- Who changed what, and when: append-only, names of ours and no content.
CREATE TABLE "change" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "at" TIMESTAMPTZ(3) NOT NULL,
  "actor" TEXT NOT NULL,
  "action" TEXT NOT NULL,
  "subject" TEXT NOT NULL,
  "detail" JSONB NOT NULL,
  CONSTRAINT "change_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "change_at_idx" ON "change" ("at");
CREATE INDEX "change_subject_idx" ON "change" ("subject");
