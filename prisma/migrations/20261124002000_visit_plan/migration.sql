-- The plan of visits: what was learnt of how soon threads are written in again, and how the calls of a source are shared out.
ALTER TABLE "thread" ADD COLUMN "visit_class" TEXT;
ALTER TABLE "thread" ADD CONSTRAINT "thread_visit_class_check" CHECK ("visit_class" IN
    ('awaiting_us', 'awaiting_customer', 'answered', 'closed', 'no_reply'));

-- When the thread was last read whole before the message came: it arrived after that. Null where no reading had been whole.
ALTER TABLE "message" ADD COLUMN "absent_at" TIMESTAMPTZ(3);

-- How long the gap is, in powers of two of the least one, and the share of the silence that was promised with it.
ALTER TABLE "thread_due" ADD COLUMN "gap_rank" SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE "thread_due" ADD COLUMN "promised_share" DOUBLE PRECISION NOT NULL DEFAULT 0;
DROP INDEX "thread_due_source_due_at_idx";
CREATE INDEX "thread_due_source_gap_rank_due_at_idx" ON "thread_due" ("source", "gap_rank", "due_at");

-- Sums of what visits taught, by month, so that what is old counts less without any row being rewritten.
CREATE TABLE "visit_exposure" (
  "source" TEXT NOT NULL,
  "class" TEXT NOT NULL,
  "bin" SMALLINT NOT NULL,
  "month" DATE NOT NULL,
  "minutes" DOUBLE PRECISION NOT NULL,
  "replies" INTEGER NOT NULL,
  "hinted" INTEGER NOT NULL,
  "visits" INTEGER NOT NULL,
  "calls" INTEGER NOT NULL,
  CONSTRAINT "visit_exposure_pkey" PRIMARY KEY ("source", "class", "bin", "month"),
  CONSTRAINT "visit_exposure_class_check" CHECK ("class" IN
    ('awaiting_us', 'awaiting_customer', 'answered', 'closed', 'no_reply'))
);

CREATE TABLE "visit_plan" (
  "source" TEXT NOT NULL,
  "planned_at" TIMESTAMPTZ(3) NOT NULL,
  "share" DOUBLE PRECISION NOT NULL,
  "stated_share" DOUBLE PRECISION NOT NULL,
  "wanted_share" DOUBLE PRECISION NOT NULL,
  "factors" JSONB NOT NULL,
  "tightened" JSONB NOT NULL,
  "threads" INTEGER NOT NULL,
  "budget_per_second" DOUBLE PRECISION NOT NULL,
  "needed_per_second" DOUBLE PRECISION NOT NULL,
  "predicted_per_second" DOUBLE PRECISION NOT NULL,
  "other_per_second" DOUBLE PRECISION NOT NULL,
  CONSTRAINT "visit_plan_pkey" PRIMARY KEY ("source")
);
