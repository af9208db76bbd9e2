-- Classifiers that were trained on labelled examples: a row for each version, never changed but for which one is in force.
CREATE TABLE "classifier_model" (
  "id" UUID NOT NULL DEFAULT uuidv7(),
  "name" TEXT NOT NULL,
  "version" INTEGER NOT NULL,
  "trained_at" TIMESTAMPTZ(3) NOT NULL,
  "trained_by" TEXT NOT NULL,
  "labels" TEXT[] NOT NULL,
  -- What it reaches on texts that were held back, and how it was trained.
  "figures" JSONB NOT NULL,
  -- From this confidence on it gives a label; below it abstains.
  "threshold" DOUBLE PRECISION NOT NULL,
  "artefact" BYTEA NOT NULL,
  "active" BOOLEAN NOT NULL DEFAULT false,
  CONSTRAINT "classifier_model_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "classifier_model_threshold_check" CHECK ("threshold" BETWEEN 0 AND 1)
);
CREATE UNIQUE INDEX "classifier_model_version_idx" ON "classifier_model" ("name", "version");
CREATE UNIQUE INDEX "classifier_model_active_idx" ON "classifier_model" ("active") WHERE ("active");

-- What a language model said of one version of a message: a label of the set, or nothing and why.
CREATE TABLE "model_answer" (
  "message_id" UUID NOT NULL,
  "body_version" INTEGER NOT NULL,
  -- Which model, with the version of the prompt.
  "classifier" TEXT NOT NULL,
  "label" TEXT,
  "reason" TEXT NOT NULL,
  "call_id" UUID NOT NULL,
  "answered_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "model_answer_pkey" PRIMARY KEY ("message_id", "body_version", "classifier"),
  CONSTRAINT "model_answer_reason_check" CHECK ("reason" IN ('chosen', 'none_fits', 'unreadable', 'outside_the_set', 'refused'))
);

-- Whether nobody was sure enough to give a label, which is another thing than a label that says unknown.
ALTER TABLE "decision" ADD COLUMN "abstained" BOOLEAN NOT NULL DEFAULT false;
CREATE INDEX "decision_understood_at_idx" ON "decision" ("understood_at");
