import { recordChange } from './changes.js';
import { only, type Sql } from './database.js';

/** A trained classifier as the ledger lists it; its bytes are read apart. */
export interface ClassifierModel {
  id: string;
  name: string;
  version: number;
  trainedAt: Date;
  trainedBy: string;
  labels: string[];
  figures: Record<string, unknown>;
  threshold: number;
  /** Size of the artefact. */
  bytes: number;
  active: boolean;
}

export interface NewModel {
  name: string;
  labels: readonly string[];
  /** What it reaches on held-back texts; numbers and names, never an example. */
  figures: Readonly<Record<string, unknown>>;
  threshold: number;
  artefact: Uint8Array;
  by: string;
  now: Date;
}

export const modelTitle = ({ name, version }: Pick<ClassifierModel, 'name' | 'version'>): string =>
  `${name}@${version}`;

/** Keeps a trained classifier as the next version of its name. It is not in force by that. */
export async function storeModel(tx: Sql, model: NewModel): Promise<ClassifierModel> {
  const { name, labels, figures, threshold, artefact, by, now } = model;
  // Two trainings of one name that end at once take their numbers in turn.
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`classifier ${name}`}, 0))`;
  const { id } = only(
    await tx.$queryRaw<{ id: string }[]>`
      INSERT INTO classifier_model (name, version, trained_at, trained_by, labels, figures, threshold, artefact)
      SELECT ${name}, COALESCE(max(version), 0) + 1, ${now}::timestamptz, ${by}, ${[...labels]}::text[],
             ${JSON.stringify(figures)}::jsonb, ${threshold}::float8, ${Buffer.from(artefact)}::bytea
      FROM classifier_model WHERE name = ${name} RETURNING id`,
    `classifier ${name}`,
  );
  const stored = only(
    (await listModels(tx)).filter((one) => one.id === id),
    `classifier ${name}`,
  );
  const detail = { labels: labels.length, threshold, ...figures };
  await recordChange(tx, { actor: by, action: 'classifier.train', subject: subjectOf(stored), detail, now });
  return stored;
}

/** Puts one version in force, in place of the one that was; null where there is no such version. */
export async function activateModel(
  tx: Sql,
  { name, version, by, now }: { name: string; version: number | null; by: string; now: Date },
): Promise<ClassifierModel | null> {
  await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended('classifier in force', 0))`;
  const models = await listModels(tx);
  const chosen = models.find((one) => one.name === name && (version === null || one.version === version));
  if (!chosen) return null;
  const before = models.find((one) => one.active);
  if (before?.id === chosen.id) return chosen;
  await tx.$executeRaw`UPDATE classifier_model SET active = false WHERE active`;
  await tx.$executeRaw`UPDATE classifier_model SET active = true WHERE id = ${chosen.id}::uuid`;
  const detail = { before: before ? modelTitle(before) : null };
  await recordChange(tx, { actor: by, action: 'classifier.activate', subject: subjectOf(chosen), detail, now });
  await tx.$executeRaw`
    INSERT INTO marker (at, kind, text) VALUES (${now}, 'setting', ${`classifier ${modelTitle(chosen)} in force`})`;
  return { ...chosen, active: true };
}

/** Every version that was kept, the newest first. */
export async function listModels(db: Sql): Promise<ClassifierModel[]> {
  return db.$queryRaw<ClassifierModel[]>`
    SELECT id, name, version, trained_at AS "trainedAt", trained_by AS "trainedBy", labels, figures, threshold,
           octet_length(artefact) AS bytes, active
    FROM classifier_model ORDER BY trained_at DESC, name, version DESC`;
}

/** Which version is in force; null where none is. */
export async function activeModelId(db: Sql): Promise<string | null> {
  const rows = await db.$queryRaw<{ id: string }[]>`SELECT id FROM classifier_model WHERE active`;
  return rows[0]?.id ?? null;
}

/** Labels of any version, so that a playbook may name one before the version is in force. */
export async function trainedLabels(db: Sql): Promise<string[]> {
  const rows = await db.$queryRaw<{ label: string }[]>`SELECT DISTINCT unnest(labels) AS label FROM classifier_model`;
  return rows.map(({ label }) => label);
}

export interface StoredArtefact {
  id: string;
  name: string;
  version: number;
  artefact: Buffer;
}

export async function readArtefact(db: Sql, id: string): Promise<StoredArtefact> {
  return only(
    await db.$queryRaw<
      StoredArtefact[]
    >`SELECT id, name, version, artefact FROM classifier_model WHERE id = ${id}::uuid`,
    `classifier ${id}`,
  );
}

const subjectOf = (model: Pick<ClassifierModel, 'name' | 'version'>): string => `classifier/${modelTitle(model)}`;
