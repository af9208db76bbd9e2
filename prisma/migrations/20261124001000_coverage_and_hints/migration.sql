-- Which reading confirmed a listing, and since when a newer one stands for it: coverage can be asked as of any instant.
ALTER TABLE "listing" ADD COLUMN "confirmed_by" UUID;
ALTER TABLE "listing" ADD COLUMN "superseded_at" TIMESTAMPTZ(3);
UPDATE "listing" AS old SET "superseded_at" = COALESCE((
  SELECT min(newer."exhausted_at") FROM "listing" AS newer
  WHERE newer."source" = old."source" AND newer."covering" AND newer."begun_at" > old."begun_at"
    AND newer."from_at" <= old."from_at" AND newer."to_at" >= old."to_at"), "exhausted_at")
WHERE old."superseded";

-- The start of the horizon that a window had to answer for: a year before its end until now.
ALTER TABLE "poll_window" ADD COLUMN "horizon_at" TIMESTAMPTZ(3);
UPDATE "poll_window" SET "horizon_at" = "end_at" - INTERVAL '365 days';
ALTER TABLE "poll_window" ALTER COLUMN "horizon_at" SET NOT NULL;

-- Since when a listing shows a thread, and since when none does although its interval was read.
ALTER TABLE "thread" ADD COLUMN "first_seen_by" TEXT NOT NULL DEFAULT 'poll';
ALTER TABLE "thread" ADD COLUMN "first_listed_at" TIMESTAMPTZ(3);
ALTER TABLE "thread" ADD COLUMN "unlisted_at" TIMESTAMPTZ(3);
UPDATE "thread" SET "first_listed_at" = "first_seen_at";
ALTER TABLE "thread" ADD CONSTRAINT "thread_first_seen_by_check"
  CHECK ("first_seen_by" IN ('poll', 'webhook', 'audit', 'backfill', 'look'));
CREATE INDEX "thread_source_created_at_idx" ON "thread" ("source", "created_at");

-- Somebody else's word that something happened in a thread. The id of the delivery makes a replay a known one.
CREATE TABLE "hint" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "source" TEXT NOT NULL,
  "webhook_id" TEXT NOT NULL,
  "provider_thread_id" TEXT NOT NULL,
  "thread_id" UUID,
  "received_at" TIMESTAMPTZ(3) NOT NULL,
  "state" TEXT NOT NULL,
  "looks" INTEGER NOT NULL DEFAULT 0,
  "look_at" TIMESTAMPTZ(3) NOT NULL,
  "lookup_call_id" UUID,
  "visit_reading_id" UUID,
  "settled_at" TIMESTAMPTZ(3),
  CONSTRAINT "hint_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "hint_state_check" CHECK ("state" IN ('open', 'met', 'nothing_new', 'gone', 'unreadable', 'unknown_thread')),
  CONSTRAINT "hint_settled_check" CHECK (("state" = 'open') = ("settled_at" IS NULL))
);
CREATE UNIQUE INDEX "hint_source_webhook_id_key" ON "hint" ("source", "webhook_id");
-- The open ones are few: visits ask for those of their thread, windows for those of threads that nobody knows.
CREATE INDEX "hint_open_idx" ON "hint" ("source", "thread_id") WHERE ("state" = 'open');

-- Deliveries that were refused leave a number, and nothing of what they carried.
CREATE TABLE "hint_refusal" (
  "source" TEXT NOT NULL,
  "cause" TEXT NOT NULL,
  "day" DATE NOT NULL,
  "count" BIGINT NOT NULL,
  CONSTRAINT "hint_refusal_pkey" PRIMARY KEY ("source", "cause", "day"),
  CONSTRAINT "hint_refusal_cause_check" CHECK ("cause" IN
    ('forged', 'stale', 'oversized', 'unreadable', 'too_many', 'unknown_source'))
);

-- What a source's horizon has of exhausted listings, as it was known at an instant. Only ranges: whether a part is due again is
-- the planner's to say.
CREATE FUNCTION "coverage_of"("of_source" TEXT, "as_of" TIMESTAMPTZ, "horizon_from" TIMESTAMPTZ, "horizon_to" TIMESTAMPTZ)
RETURNS TABLE ("covered" TSTZMULTIRANGE, "missing" TSTZMULTIRANGE)
LANGUAGE sql STABLE AS $$
  SELECT listed * whole, whole - listed
  FROM (
    SELECT tstzmultirange(tstzrange("horizon_from", "horizon_to")) AS whole,
           COALESCE(range_agg(tstzrange("from_at", "to_at")), '{}'::tstzmultirange) AS listed
    FROM "listing"
    WHERE "source" = "of_source" AND "covering" AND "exhausted_at" <= "as_of"
      AND ("superseded_at" IS NULL OR "superseded_at" > "as_of")
  ) AS known
$$;

-- The same as known now, for the horizon of the newest window that was closed.
CREATE VIEW "coverage" AS
  SELECT s."name" AS "source", lower(part) AS "from_at", upper(part) AS "to_at"
  FROM "source" s
  CROSS JOIN LATERAL (
    SELECT "horizon_at", "end_at" FROM "poll_window" WHERE "source" = s."name" AND "closed_at" IS NOT NULL
    ORDER BY "opened_at" DESC LIMIT 1) w
  CROSS JOIN LATERAL "coverage_of"(s."name", 'infinity', w."horizon_at", w."end_at") c
  CROSS JOIN LATERAL unnest(c."covered") AS part;

CREATE VIEW "coverage_gap" AS
  SELECT s."name" AS "source", lower(part) AS "from_at", upper(part) AS "to_at"
  FROM "source" s
  CROSS JOIN LATERAL (
    SELECT "horizon_at", "end_at" FROM "poll_window" WHERE "source" = s."name" AND "closed_at" IS NOT NULL
    ORDER BY "opened_at" DESC LIMIT 1) w
  CROSS JOIN LATERAL "coverage_of"(s."name", 'infinity', w."horizon_at", w."end_at") c
  CROSS JOIN LATERAL unnest(c."missing") AS part;
