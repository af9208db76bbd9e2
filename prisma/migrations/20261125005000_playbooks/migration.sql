-- What a version of a playbook was made of, from the moment a worker loaded it: the version of a decision can be read later, and a
-- message that was decided keeps it.
CREATE TABLE "playbook_version" (
  "name" TEXT NOT NULL,
  "version" TEXT NOT NULL,
  "content" JSONB NOT NULL,
  "loaded_at" TIMESTAMPTZ(3) NOT NULL,

  CONSTRAINT "playbook_version_pkey" PRIMARY KEY ("name", "version"),
  CONSTRAINT "playbook_version_version_check" CHECK ("version" ~ '^[0-9a-f]{12}$')
);
