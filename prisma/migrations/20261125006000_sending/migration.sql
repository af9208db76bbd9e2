-- What would be sent, in versions: written in shadow to be compared, or to be approved by a person. Only its words are content.
CREATE TABLE "draft" (
  "message_id" UUID NOT NULL,
  "version" INTEGER NOT NULL,
  "purpose" TEXT NOT NULL,
  "carry" INTEGER NOT NULL,
  -- What is done with it, as {"do": "reply", "template": ...}.
  "action" JSONB NOT NULL,
  -- Null where nothing is written to the customer.
  "text" TEXT,
  "playbook" TEXT,
  "playbook_version" TEXT,
  "written_at" TIMESTAMPTZ(3) NOT NULL,
  -- The playbook, or who edited it.
  "written_by" TEXT NOT NULL,
  CONSTRAINT "draft_pkey" PRIMARY KEY ("message_id", "version"),
  CONSTRAINT "draft_purpose_check" CHECK ("purpose" IN ('shadow', 'approval'))
);
CREATE INDEX "draft_written_at_idx" ON "draft" ("written_at");

-- The newest question to a person about a message; earlier ones stand in lifecycle_event.
CREATE TABLE "approval" (
  "message_id" UUID NOT NULL,
  "carry" INTEGER NOT NULL,
  "draft_version" INTEGER NOT NULL,
  -- The version of the message that the draft answers.
  "body_version" INTEGER NOT NULL,
  "asked_at" TIMESTAMPTZ(3) NOT NULL,
  "due_at" TIMESTAMPTZ(3) NOT NULL,
  -- When its lifecycle last found it open.
  "looked_at" TIMESTAMPTZ(3) NOT NULL,
  "verdict" TEXT,
  "settled_at" TIMESTAMPTZ(3),
  "settled_by" TEXT,
  "note" TEXT,
  CONSTRAINT "approval_pkey" PRIMARY KEY ("message_id"),
  CONSTRAINT "approval_verdict_check" CHECK ("verdict" IN ('approved', 'rejected', 'overdue', 'withdrawn')),
  CONSTRAINT "approval_settled_check" CHECK (("verdict" IS NULL) = ("settled_at" IS NULL))
);
CREATE INDEX "approval_open_idx" ON "approval" ("due_at") WHERE ("settled_at" IS NULL);

-- Whom a reply went to, as a hash: how many went to one address in a day is counted before the next.
ALTER TABLE "outbox" ADD COLUMN "correspondent_hash" TEXT, ADD COLUMN "resends" INTEGER NOT NULL DEFAULT 0;
CREATE INDEX "outbox_correspondent_idx" ON "outbox" ("correspondent_hash", "posting_at") WHERE ("posting_at" IS NOT NULL);
CREATE INDEX "outbox_thread_idx" ON "outbox" ("thread_id", "posting_at") WHERE ("posting_at" IS NOT NULL);
CREATE INDEX "outbox_unconfirmed_idx" ON "outbox" ("accepted_at") WHERE ("accepted_at" IS NOT NULL AND "confirmed_at" IS NULL);

-- What waits for a person to lift a stop or to decide, oldest first.
CREATE INDEX "message_held_idx" ON "message" ("waiting_kind", "first_seen_at") WHERE ("waiting_kind" IN ('stopped', 'approval'));
