-- When it began to try once more what it could not list or read at first.
ALTER TABLE "backfill" ADD COLUMN "again_at" TIMESTAMPTZ(3);
