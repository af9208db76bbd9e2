-- What web forms brought, as it came: one row for each way and each wording of a submission.
CREATE TABLE "submission" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "source" TEXT NOT NULL,
  "way" TEXT NOT NULL,
  -- The vendor's id, else a hash of what came.
  "item" TEXT NOT NULL,
  -- The vendor's id alone.
  "submission_ref" TEXT,
  "sequence" BIGINT,
  "state" TEXT NOT NULL,
  "first_seen_by" TEXT NOT NULL,
  "received_at" TIMESTAMPTZ(3) NOT NULL,
  "submitted_at" TIMESTAMPTZ(3),
  -- When each of the two direct ways showed it; the one that is missing is how the other recovered it.
  "pushed_at" TIMESTAMPTZ(3),
  "listed_at" TIMESTAMPTZ(3),
  -- The bytes of the delivery; null where it stands in an e-mail, whose body has them.
  "raw" BYTEA,
  "fields" JSONB,
  "fields_hash" TEXT NOT NULL,
  -- Of sender and words alone, the same whichever way they came.
  "words_hash" TEXT,
  "problem" TEXT,
  "message_id" UUID,
  CONSTRAINT "submission_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "submission_way_check" CHECK ("way" IN ('direct', 'mail')),
  CONSTRAINT "submission_state_check" CHECK ("state" IN ('mapped', 'parked', 'canary')),
  CONSTRAINT "submission_first_seen_by_check" CHECK ("first_seen_by" IN ('poll', 'webhook', 'audit', 'backfill', 'look')),
  -- No silent exit: one that was read has its message, one that was not says why.
  CONSTRAINT "submission_mapped_check" CHECK (
    ("state" = 'mapped') = ("message_id" IS NOT NULL) AND ("state" = 'parked') = ("problem" IS NOT NULL)
    AND ("state" <> 'mapped' OR "fields" IS NOT NULL))
);
CREATE UNIQUE INDEX "submission_source_way_item_fields_hash_key" ON "submission" ("source", "way", "item", "fields_hash");
CREATE INDEX "submission_message_id_idx" ON "submission" ("message_id");
CREATE INDEX "submission_words_hash_idx" ON "submission" ("source", "words_hash");
CREATE INDEX "submission_sequence_idx" ON "submission" ("source", "sequence");

-- Deliveries that were taken: the same id again is a replay.
CREATE TABLE "form_delivery" (
  "source" TEXT NOT NULL,
  "delivery_id" TEXT NOT NULL,
  "received_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "form_delivery_pkey" PRIMARY KEY ("source", "delivery_id")
);

-- Deliveries that were refused leave a number, and nothing of what they carried.
CREATE TABLE "form_refusal" (
  "source" TEXT NOT NULL,
  "cause" TEXT NOT NULL,
  "day" DATE NOT NULL,
  "count" BIGINT NOT NULL,
  CONSTRAINT "form_refusal_pkey" PRIMARY KEY ("source", "cause", "day"),
  CONSTRAINT "form_refusal_cause_check" CHECK ("cause" IN ('forged', 'stale', 'oversized', 'too_many', 'unknown_form'))
);

-- One reading of a vendor's list. Progress moves over those alone that were exhausted.
CREATE TABLE "form_round" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "source" TEXT NOT NULL,
  "run_id" TEXT NOT NULL,
  "since_at" TIMESTAMPTZ(3) NOT NULL,
  "opened_at" TIMESTAMPTZ(3) NOT NULL,
  "exhausted_at" TIMESTAMPTZ(3),
  "closed_at" TIMESTAMPTZ(3),
  "listed" INTEGER NOT NULL DEFAULT 0,
  -- How many of them no webhook had brought.
  "recovered" INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT "form_round_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "form_round_run_id_key" ON "form_round" ("run_id");
CREATE INDEX "form_round_source_opened_at_idx" ON "form_round" ("source", "opened_at");

-- Submissions that we made ourselves.
CREATE TABLE "form_canary" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "source" TEXT NOT NULL,
  "run_id" TEXT NOT NULL,
  "submitted_at" TIMESTAMPTZ(3) NOT NULL,
  "due_at" TIMESTAMPTZ(3) NOT NULL,
  "came_at" TIMESTAMPTZ(3),
  CONSTRAINT "form_canary_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "form_canary_run_id_key" ON "form_canary" ("run_id");
CREATE INDEX "form_canary_source_submitted_at_idx" ON "form_canary" ("source", "submitted_at");
