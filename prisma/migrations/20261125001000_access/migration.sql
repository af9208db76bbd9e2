-- Who may use the API: bearer tokens, of which only a hash is kept.
CREATE TABLE "token" (
  "id" UUID NOT NULL,
  "name" TEXT NOT NULL,
  "role" TEXT NOT NULL,
  -- SHA-256 of the 32 random bytes that the token ends with.
  "hash" BYTEA NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL,
  "created_by" TEXT NOT NULL,
  -- Written at most once a minute.
  "last_used_at" TIMESTAMPTZ(3),
  "revoked_at" TIMESTAMPTZ(3),
  "revoked_by" TEXT,
  CONSTRAINT "token_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "token_role_check" CHECK ("role" IN ('viewer', 'operator', 'admin')),
  CONSTRAINT "token_hash_check" CHECK (octet_length("hash") = 32),
  CONSTRAINT "token_revoked_check" CHECK (("revoked_at" IS NULL) = ("revoked_by" IS NULL))
);
CREATE UNIQUE INDEX "token_live_name_idx" ON "token" ("name") WHERE ("revoked_at" IS NULL);

-- Pages of changes go by both.
CREATE INDEX "change_page_idx" ON "change" ("at", "id");
DROP INDEX "change_at_idx";
