-- Each comparison of the phone provider's list with our calls that was carried through: until when both sides are known to agree.
CREATE TABLE "call_comparison" (
  "reading_id" UUID NOT NULL,
  "provider" TEXT NOT NULL,
  -- SHA-256 of the number whose calls were listed: after a change of number the list tells nothing of the calls of the other.
  "from_hash" TEXT NOT NULL,
  -- The list was read from the one instant to the other.
  "since_at" TIMESTAMPTZ(3) NOT NULL,
  "begun_at" TIMESTAMPTZ(3) NOT NULL,
  "compared_at" TIMESTAMPTZ(3) NOT NULL,
  "listed" INTEGER NOT NULL,
  -- Calls of ours that the list had to show.
  "expected" INTEGER NOT NULL,
  "recovered" INTEGER NOT NULL,
  "strange" INTEGER NOT NULL,
  "missing" INTEGER NOT NULL,
  CONSTRAINT "call_comparison_pkey" PRIMARY KEY ("reading_id")
);
CREATE INDEX "call_comparison_provider_compared_at_idx" ON "call_comparison" ("provider", "compared_at");

-- An audit reads the list of a form over its whole horizon instead of from the last reading on.
ALTER TABLE "form_round" ADD COLUMN "audit" BOOLEAN NOT NULL DEFAULT false;
