-- What documentation promises of a source and what was seen of it; the mail that probes and the canary write.
CREATE TABLE "claim" (
  "source" TEXT NOT NULL,
  "claim" TEXT NOT NULL,
  "claimed" TEXT NOT NULL,
  "observed" TEXT NOT NULL,
  "verdict" TEXT NOT NULL,
  "evidence" JSONB NOT NULL,
  "since" TIMESTAMPTZ(3) NOT NULL,
  "checked_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "claim_pkey" PRIMARY KEY ("source", "claim"),
  CONSTRAINT "claim_verdict_check" CHECK ("verdict" IN ('verified', 'refuted', 'untested'))
);

-- Every verdict that a claim ever had, with what was seen at that time.
CREATE TABLE "claim_turn" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "source" TEXT NOT NULL,
  "claim" TEXT NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "before" TEXT NOT NULL,
  "after" TEXT NOT NULL,
  "observed" TEXT NOT NULL,
  "evidence" JSONB NOT NULL,
  CONSTRAINT "claim_turn_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "claim_turn_before_check" CHECK ("before" IN ('verified', 'refuted', 'untested')),
  CONSTRAINT "claim_turn_after_check" CHECK ("after" IN ('verified', 'refuted', 'untested'))
);
CREATE INDEX "claim_turn_source_claim_at_idx" ON "claim_turn" ("source", "claim", "at");

-- What an active probe saw: the verdict is drawn from all of them that still count.
CREATE TABLE "claim_observation" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "source" TEXT NOT NULL,
  "claim" TEXT NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "outcome" TEXT NOT NULL,
  "cases" INTEGER NOT NULL,
  "call_id" UUID,
  "evidence" JSONB NOT NULL,
  CONSTRAINT "claim_observation_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "claim_observation_outcome_check" CHECK ("outcome" IN ('supports', 'contradicts'))
);
CREATE INDEX "claim_observation_source_claim_at_idx" ON "claim_observation" ("source", "claim", "at");

-- Mail that we wrote ourselves as a customer would. Only the hash of its token is kept, so that who reads the ledger cannot write
-- mail that passes for it.
CREATE TABLE "canary" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "source" TEXT NOT NULL,
  "purpose" TEXT NOT NULL,
  "token_hash" TEXT NOT NULL,
  "origin_at" TIMESTAMPTZ(3) NOT NULL,
  "written_at" TIMESTAMPTZ(3) NOT NULL,
  "sent_at" TIMESTAMPTZ(3),
  "provider_thread_id" TEXT,
  "provider_message_id" TEXT,
  "due_at" TIMESTAMPTZ(3) NOT NULL,
  "message_id" UUID,
  "came_at" TIMESTAMPTZ(3),
  CONSTRAINT "canary_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "canary_purpose_check" CHECK ("purpose" IN ('canary', 'probe', 'manual'))
);
CREATE UNIQUE INDEX "canary_token_hash_key" ON "canary" ("token_hash");
CREATE INDEX "canary_source_written_at_idx" ON "canary" ("source", "written_at");

-- What the hourly judgement of claims looks for, without reading everything: few rows, and a summary of blocks.
CREATE INDEX "lifecycle_event_changes_idx" ON "lifecycle_event" ("at") WHERE "kind" IN ('body_arrived', 'moved', 'collided');
CREATE INDEX "message_first_seen_at_idx" ON "message" USING brin ("first_seen_at");
