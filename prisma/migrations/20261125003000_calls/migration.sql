-- A call that a message asked for: one row for each message, and at most one that is open between two numbers.
CREATE TABLE "call" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "message_id" UUID NOT NULL,
  "source" TEXT NOT NULL,
  "provider" TEXT NOT NULL,
  -- E.164; they stand nowhere else in the ledger.
  "to_number" TEXT NOT NULL,
  "from_number" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  -- Requests made or about to be made, from 1; each has its row in call_attempt once it is begun.
  "attempt" INTEGER NOT NULL,
  "reason" TEXT,
  -- Whether a person approved it: without that nothing leaves in approve.
  "approved" BOOLEAN NOT NULL,
  -- Zones in all of which it has to be an hour for calls.
  "zones" TEXT[] NOT NULL,
  "slot_at" TIMESTAMPTZ(3) NOT NULL,
  "window_end" TIMESTAMPTZ(3) NOT NULL,
  "requested_at" TIMESTAMPTZ(3) NOT NULL,
  "placing_at" TIMESTAMPTZ(3),
  "placed_at" TIMESTAMPTZ(3),
  "heard_at" TIMESTAMPTZ(3),
  "status" TEXT,
  "ended_at" TIMESTAMPTZ(3),
  CONSTRAINT "call_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "call_state_check" CHECK ("state" IN
    ('scheduled', 'placing', 'doubtful', 'placed', 'completed', 'given_up', 'withdrawn')),
  CONSTRAINT "call_status_check" CHECK ("status" IN
    ('queued', 'initiated', 'ringing', 'in-progress', 'completed', 'busy', 'no-answer', 'failed', 'canceled')),
  CONSTRAINT "call_given_up_check" CHECK (("state" = 'given_up') = ("reason" IS NOT NULL)),
  CONSTRAINT "call_ended_check" CHECK (("state" IN ('completed', 'given_up', 'withdrawn')) = ("ended_at" IS NOT NULL))
);
CREATE UNIQUE INDEX "call_message_id_key" ON "call" ("message_id");
CREATE UNIQUE INDEX "call_open_idx" ON "call" ("from_number", "to_number") WHERE ("state" IN ('scheduled', 'placing', 'doubtful', 'placed'));

-- Each request that was begun for a call, with the key that rides in its addresses and the call that it became.
CREATE TABLE "call_attempt" (
  "key" TEXT NOT NULL,
  "call_id" UUID NOT NULL,
  "attempt" INTEGER NOT NULL,
  "provider" TEXT NOT NULL,
  "placing_at" TIMESTAMPTZ(3) NOT NULL,
  "sid" TEXT,
  "first_seen_by" TEXT,
  "accepted_at" TIMESTAMPTZ(3),
  "status" TEXT,
  CONSTRAINT "call_attempt_pkey" PRIMARY KEY ("key"),
  CONSTRAINT "call_attempt_first_seen_by_check" CHECK ("first_seen_by" IN ('answer', 'webhook', 'poll', 'look', 'list')),
  CONSTRAINT "call_attempt_seen_check" CHECK (("sid" IS NULL) = ("first_seen_by" IS NULL) AND ("sid" IS NULL) = ("accepted_at" IS NULL))
);
CREATE UNIQUE INDEX "call_attempt_call_id_attempt_key" ON "call_attempt" ("call_id", "attempt");
CREATE UNIQUE INDEX "call_attempt_provider_sid_key" ON "call_attempt" ("provider", "sid");
CREATE INDEX "call_attempt_accepted_at_idx" ON "call_attempt" ("accepted_at");

-- What the provider told of a call, by whichever way: callbacks once by call and sequence number, every other way once by status.
CREATE TABLE "call_report" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "provider" TEXT NOT NULL,
  "sid" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "via" TEXT NOT NULL,
  -- Of a status callback; null by every other way.
  "sequence" INTEGER,
  "at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "call_report_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "call_report_via_check" CHECK ("via" IN ('answer', 'webhook', 'poll', 'look', 'list'))
);
CREATE UNIQUE INDEX "call_report_sequence_idx" ON "call_report" ("provider", "sid", "sequence") WHERE ("sequence" IS NOT NULL);
CREATE UNIQUE INDEX "call_report_status_idx" ON "call_report" ("provider", "sid", "status", "via") WHERE ("sequence" IS NULL);

-- Every call that the provider showed us, ours or not: what is compared with call_attempt in both directions.
CREATE TABLE "phone_call" (
  "provider" TEXT NOT NULL,
  "sid" TEXT NOT NULL,
  -- SHA-256 of the two numbers in E.164.
  "from_hash" TEXT NOT NULL,
  "to_hash" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL,
  "first_seen_at" TIMESTAMPTZ(3) NOT NULL,
  "first_seen_by" TEXT NOT NULL,
  "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "phone_call_pkey" PRIMARY KEY ("provider", "sid"),
  CONSTRAINT "phone_call_first_seen_by_check" CHECK ("first_seen_by" IN ('answer', 'webhook', 'poll', 'look', 'list'))
);
CREATE INDEX "phone_call_created_at_idx" ON "phone_call" ("created_at");

-- Numbers that are not to be called; the number itself is not kept.
CREATE TABLE "do_not_call" (
  -- SHA-256 of the number in E.164.
  "number_hash" TEXT NOT NULL,
  -- Country calling code and last two digits, for people.
  "shown_as" TEXT NOT NULL,
  "added_at" TIMESTAMPTZ(3) NOT NULL,
  "added_by" TEXT NOT NULL,
  "note" TEXT,
  CONSTRAINT "do_not_call_pkey" PRIMARY KEY ("number_hash")
);
