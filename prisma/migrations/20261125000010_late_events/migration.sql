-- A reader of events remembers below which transaction it has read, besides the number: what was held back then can stand under a
-- smaller number. Readers begin anew, so that what they left out so far is read as well; what they know already they know.
ALTER TABLE "event_mark" ADD COLUMN "below" BIGINT NOT NULL DEFAULT 0;
UPDATE "event_mark" SET "seq" = 0;
CREATE INDEX "lifecycle_event_writer_idx" ON "lifecycle_event" USING brin ("writer") WITH (autosummarize = on);
