-- A case as a person's work: whose it is, until when, how often they were reminded, and how it was resolved.
ALTER TABLE "case"
  ADD COLUMN "owner" TEXT,
  ADD COLUMN "due_at" TIMESTAMPTZ(3),
  -- When its workflow looks at it again; null before the first look.
  ADD COLUMN "next_at" TIMESTAMPTZ(3),
  ADD COLUMN "reminders" INTEGER NOT NULL DEFAULT 0,
  -- How many of the reminders the receiver of alarms was told of.
  ADD COLUMN "told" INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN "overdue" INTEGER NOT NULL DEFAULT 0,
  -- Set before the note is written into the dashboard: a second one is never written.
  ADD COLUMN "noted_at" TIMESTAMPTZ(3),
  ADD COLUMN "resolution" TEXT,
  ADD COLUMN "resolved_by" TEXT,
  ADD COLUMN "reply_id" UUID,
  -- From the opening to the reply as far as its stamp can be true, or to the word of the person.
  ADD COLUMN "took_ms" BIGINT,
  -- When its workflow was last offered, and when it had heard of the end.
  ADD COLUMN "dispatched_at" TIMESTAMPTZ(3),
  ADD COLUMN "settled_at" TIMESTAMPTZ(3),
  ADD CONSTRAINT "case_resolution_check" CHECK ("resolution" IN ('by_person', 'replied', 'joined', 'carried_again'));
UPDATE "case" SET "resolution" = CASE WHEN "joined_into" IS NULL THEN 'carried_again' ELSE 'joined' END, "resolved_by" = 'waybill',
  "took_ms" = (EXTRACT(EPOCH FROM "resolved_at" - "opened_at") * 1000)::bigint WHERE "state" = 'resolved';
CREATE INDEX "case_dispatch_idx" ON "case" ("dispatched_at") WHERE ("settled_at" IS NULL);
CREATE INDEX "case_opened_at_idx" ON "case" ("opened_at");

-- What happened to a case, and who did it: append-only, ids and counts.
CREATE TABLE "case_event" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "case_id" UUID NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "kind" TEXT NOT NULL,
  "actor" TEXT NOT NULL,
  "detail" JSONB NOT NULL,
  CONSTRAINT "case_event_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "case_event_kind_check" CHECK ("kind" IN
    ('opened', 'joined', 'assigned', 'reminded', 'overdue', 'noted', 'resolved', 'reopened'))
);
CREATE INDEX "case_event_case_id_idx" ON "case_event" ("case_id");
INSERT INTO "case_event" ("case_id", "at", "kind", "actor", "detail")
  SELECT "id", "opened_at", 'opened', 'waybill', jsonb_build_object('reason', "reason", 'messageId', "message_id") FROM "case";
INSERT INTO "case_event" ("case_id", "at", "kind", "actor", "detail")
  SELECT "id", "resolved_at", 'resolved', 'waybill', jsonb_build_object('how', "resolution") FROM "case" WHERE "state" = 'resolved';

-- What an outside platform was asked to carry on, once per message.
CREATE TABLE "hand_off" (
  "message_id" UUID NOT NULL,
  "source" TEXT NOT NULL,
  "platform" TEXT NOT NULL,
  -- Derived from the message: the receiver knows a repeated delivery by it.
  "webhook_id" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "attempts" INTEGER NOT NULL DEFAULT 0,
  "prepared_at" TIMESTAMPTZ(3) NOT NULL,
  -- Before it is acknowledged: until when it has to be taken. Afterwards: until when the outcome is owed.
  "deadline_at" TIMESTAMPTZ(3) NOT NULL,
  "acknowledged_at" TIMESTAMPTZ(3),
  "ended_at" TIMESTAMPTZ(3),
  "outcome" JSONB,
  "outcome_at" TIMESTAMPTZ(3),
  CONSTRAINT "hand_off_pkey" PRIMARY KEY ("message_id"),
  CONSTRAINT "hand_off_state_check" CHECK ("state" IN
    ('pending', 'sending', 'acknowledged', 'done', 'failed', 'refused', 'overdue', 'withdrawn')),
  CONSTRAINT "hand_off_acknowledged_check" CHECK
    (("state" IN ('acknowledged', 'done', 'failed', 'overdue')) = ("acknowledged_at" IS NOT NULL)),
  CONSTRAINT "hand_off_ended_check" CHECK (("state" IN ('done', 'failed', 'refused', 'overdue')) = ("ended_at" IS NOT NULL)),
  CONSTRAINT "hand_off_outcome_check" CHECK (("outcome" IS NULL) = ("outcome_at" IS NULL)),
  CONSTRAINT "hand_off_reported_check" CHECK ("state" NOT IN ('done', 'failed') OR "outcome" IS NOT NULL)
);
CREATE UNIQUE INDEX "hand_off_webhook_id_key" ON "hand_off" ("webhook_id");
CREATE INDEX "hand_off_platform_state_idx" ON "hand_off" ("platform", "state");
