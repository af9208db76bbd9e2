-- How fast each source is called, as its pacer last decided: one row a source, written by the pacer alone. What stands here survives
-- a restart of everything; the queue's rate is set anew from it.
CREATE TABLE "pacer" (
  "source" TEXT NOT NULL,
  "rate" DOUBLE PRECISION NOT NULL,
  "queue_rate" DOUBLE PRECISION NOT NULL,
  "breaker" TEXT NOT NULL,
  "reason" TEXT NOT NULL,
  "since" TIMESTAMPTZ(3) NOT NULL,
  "breaker_since" TIMESTAMPTZ(3) NOT NULL,
  "refused_rate" DOUBLE PRECISION,
  "refused_at" TIMESTAMPTZ(3),
  "refused_until" TIMESTAMPTZ(3),
  "open_until" TIMESTAMPTZ(3),
  "open_ms" DOUBLE PRECISION,
  "baseline_ms" DOUBLE PRECISION,
  "extra_per_second" DOUBLE PRECISION NOT NULL,
  "observed_at" TIMESTAMPTZ(3) NOT NULL,
  -- Calls opened before it have their ending, or were marked as abandoned.
  "swept_until" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "pacer_pkey" PRIMARY KEY ("source"),
  CONSTRAINT "pacer_breaker_check" CHECK ("breaker" IN ('closed', 'open', 'half_open')),
  CONSTRAINT "pacer_reason_check" CHECK ("reason" IN
    ('ceiling', 'rising', 'refused', 'failing', 'slow', 'breaker_opened', 'breaker_probing', 'breaker_closed')),
  CONSTRAINT "pacer_open_check" CHECK (("breaker" <> 'open') OR ("open_until" IS NOT NULL))
);
