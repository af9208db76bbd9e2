-- The audit: which known threads were drawn and read, what that found, and what points at messages that we do not hold.
CREATE TABLE "audit" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "source" TEXT NOT NULL,
  "run_id" TEXT NOT NULL,
  "seed" BIGINT NOT NULL,
  "wanted" INTEGER NOT NULL,
  "method" TEXT NOT NULL,
  "begun_at" TIMESTAMPTZ(3) NOT NULL,
  "ended_at" TIMESTAMPTZ(3),
  -- The frame at the draw: known threads that are not gone, and the messages held of them.
  "frame_threads" INTEGER NOT NULL,
  "frame_messages" INTEGER NOT NULL,
  "loss" JSONB,
  "frame" JSONB,
  CONSTRAINT "audit_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "audit_method_check" CHECK ("method" IN ('sample', 'census')),
  CONSTRAINT "audit_ended_check" CHECK (("ended_at" IS NULL) = ("loss" IS NULL) AND ("ended_at" IS NULL) = ("frame" IS NULL))
);
CREATE UNIQUE INDEX "audit_run_id_key" ON "audit" ("run_id");
CREATE INDEX "audit_source_begun_at_idx" ON "audit" ("source", "begun_at");

CREATE TABLE "audit_thread" (
  "audit_id" UUID NOT NULL,
  "thread_id" UUID NOT NULL,
  "position" INTEGER NOT NULL,
  "draws" INTEGER NOT NULL,
  "weight" INTEGER NOT NULL,
  "known" INTEGER NOT NULL,
  -- What the schedule owed the thread right before the audit read it, frozen by the first attempt.
  "begun_at" TIMESTAMPTZ(3),
  "due_at" TIMESTAMPTZ(3),
  "read_whole_at" TIMESTAMPTZ(3),
  "outcome" TEXT,
  "visit_class" TEXT,
  "shown" INTEGER,
  CONSTRAINT "audit_thread_pkey" PRIMARY KEY ("audit_id", "thread_id"),
  CONSTRAINT "audit_thread_outcome_check" CHECK ("outcome" IN ('read', 'gone', 'unread')),
  CONSTRAINT "audit_thread_read_check" CHECK (("outcome" = 'read') = ("shown" IS NOT NULL) AND ("outcome" <> 'read' OR "visit_class" IS NOT NULL))
);

CREATE TABLE "audit_find" (
  "audit_id" UUID NOT NULL,
  "message_id" UUID NOT NULL,
  "thread_id" UUID NOT NULL,
  "verdict" TEXT NOT NULL,
  "cause" TEXT NOT NULL,
  CONSTRAINT "audit_find_pkey" PRIMARY KEY ("audit_id", "message_id"),
  CONSTRAINT "audit_find_verdict_check" CHECK ("verdict" IN ('missed', 'late', 'parked')),
  CONSTRAINT "audit_find_cause_check" CHECK ("cause" IN
    ('never_listed', 'not_visited', 'visited_before', 'overlooked', 'parked', 'lost_inside'))
);

-- By how much the share of the silence is tightened for a class of threads; no row means not at all.
CREATE TABLE "audit_tightening" (
  "source" TEXT NOT NULL,
  "class" TEXT NOT NULL,
  "factor" DOUBLE PRECISION NOT NULL,
  "since" TIMESTAMPTZ(3) NOT NULL,
  "audit_id" UUID NOT NULL,
  CONSTRAINT "audit_tightening_pkey" PRIMARY KEY ("source", "class"),
  CONSTRAINT "audit_tightening_factor_check" CHECK ("factor" > 0 AND "factor" < 1)
);

-- Hashes of the Message-IDs that a message carries (self) or names; unresolved is what points at nothing that we hold.
CREATE TABLE "message_reference" (
  "message_id" UUID NOT NULL,
  "ref_hash" TEXT NOT NULL,
  "source" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "outbound" BOOLEAN NOT NULL,
  "domain_hash" TEXT NOT NULL,
  "noted_at" TIMESTAMPTZ(3) NOT NULL,
  "resolved_at" TIMESTAMPTZ(3),
  CONSTRAINT "message_reference_pkey" PRIMARY KEY ("message_id", "ref_hash"),
  CONSTRAINT "message_reference_kind_check" CHECK ("kind" IN ('self', 'in_reply_to', 'references', 'quoted'))
);
CREATE INDEX "message_reference_ref_hash_idx" ON "message_reference" ("ref_hash");
CREATE INDEX "message_reference_sent_domain_idx" ON "message_reference" ("source", "domain_hash") WHERE ("kind" = 'self' AND "outbound");
CREATE INDEX "message_reference_orphan_idx" ON "message_reference" ("source", "noted_at") WHERE ("resolved_at" IS NULL);

-- References that bear on this mailbox: what one of us answered, and what names something that was sent from here. What customers
-- quote of other systems points out of it.
CREATE VIEW "telling_reference" AS
  SELECT r.* FROM "message_reference" r
  WHERE r."kind" <> 'self' AND ((r."outbound" AND r."kind" = 'in_reply_to') OR EXISTS (
    SELECT 1 FROM "message_reference" sent
    WHERE sent."source" = r."source" AND sent."domain_hash" = r."domain_hash" AND sent."kind" = 'self' AND sent."outbound"));

-- How far a reader of events has come.
CREATE TABLE "event_mark" (
  "reader" TEXT NOT NULL,
  "seq" BIGINT NOT NULL,
  "read_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "event_mark_pkey" PRIMARY KEY ("reader")
);
