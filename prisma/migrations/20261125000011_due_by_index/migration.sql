-- What is asked for every minute is found by an index, however much is stored.
CREATE INDEX "listing_window_id_idx" ON "listing" ("window_id");

-- An attachment is due from the moment it is named, so that the oldest due one stands first in the index; one whose id cannot be read
-- is never due.
UPDATE "attachment" SET "given_up_at" = "recorded_at", "problem" = 'no readable id', "next_attempt_at" = NULL
WHERE "state" = 'named' AND "given_up_at" IS NULL AND "provider_attachment_id" LIKE 'unreadable:%';
UPDATE "attachment" SET "next_attempt_at" = "recorded_at"
WHERE "state" = 'named' AND "given_up_at" IS NULL AND "next_attempt_at" IS NULL;
CREATE INDEX "attachment_fetched_idx" ON "attachment" ("message_id") WHERE ("state" = 'fetched');
