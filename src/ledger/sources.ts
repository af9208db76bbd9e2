import { WaybillError } from '../domain/failures.js';
import type { Mode } from '../domain/states.js';
import { recordChange } from './changes.js';
import { type Database, only, type Sql } from './database.js';

export interface Source {
  name: string;
  kind: string;
  origin: string;
  mailboxGroup: string;
  mode: Mode;
  answerFrom: Date | null;
  answerFromExplicit: boolean;
  ratePerSecond: number;
  blockedUntil: Date | null;
  demandedAt: Date | null;
  enumeratedAt: Date | null;
  createdAt: Date;
}

export async function readSource(db: Sql, name: string): Promise<Source> {
  return only(
    await db.$queryRaw<Source[]>`
    SELECT name, kind, origin, mailbox_group AS "mailboxGroup", mode, answer_from AS "answerFrom",
           answer_from_explicit AS "answerFromExplicit", rate_per_second AS "ratePerSecond", blocked_until AS "blockedUntil",
           demanded_at AS "demandedAt", enumerated_at AS "enumeratedAt", created_at AS "createdAt"
    FROM source WHERE name = ${name}`,
    `source ${name}`,
  );
}

/** Every dashboard that the ledger knows: what is listed, visited, probed and audited. */
export async function sourceNames(db: Sql): Promise<string[]> {
  const rows = await db.$queryRaw<{ name: string }[]>`SELECT name FROM source WHERE kind = 'dashboard' ORDER BY name`;
  return rows.map((row) => row.name);
}

/** Every provider that has a row: dashboards, forms, phones and the rest. */
export async function everySourceName(db: Sql): Promise<string[]> {
  const rows = await db.$queryRaw<{ name: string }[]>`SELECT name FROM source ORDER BY name`;
  return rows.map((row) => row.name);
}

export interface SourceBinding {
  name: string;
  kind: string;
  /** scheme://host:port of the provider; a name stays bound to the first one. */
  origin: string;
  mailboxGroup: string;
  ratePerSecond: number;
  /** The mode at first use. */
  firstMode: Mode;
  /** The mode asked for now by an explicit word; null leaves the stored one. */
  mode: Mode | null;
  /** Set by the operator; null lets entering `live` set it to now. */
  answerFrom: Date | null;
  now: Date;
}

/**
 * Makes or finds the source's row, and sets its mode and answerFrom as `enterMode` says.
 * @throws WaybillError SourceOriginConflict where the name is bound to another origin
 */
export async function bindSource(db: Database, binding: SourceBinding): Promise<Source> {
  return db.transaction(async (tx) => {
    await tx.$executeRaw`
      INSERT INTO source (name, kind, origin, mailbox_group, mode, rate_per_second, created_at)
      VALUES (${binding.name}, ${binding.kind}, ${binding.origin}, ${binding.mailboxGroup}, 'observe',
              ${binding.ratePerSecond}, ${binding.now})
      ON CONFLICT (name) DO NOTHING`;
    await tx.$queryRaw`SELECT 1 FROM source WHERE name = ${binding.name} FOR UPDATE`;
    await forgetUnusedOrigin(tx, binding);
    const found = await readSource(tx, binding.name);
    if (found.origin !== binding.origin) {
      throw new WaybillError(
        'SourceOriginConflict',
        `The source "${binding.name}" belongs to ${found.origin} and cannot take messages from ${binding.origin}: ` +
          'use another data folder or database for another server.',
        { retryable: false },
      );
    }
    const isNew = found.createdAt.getTime() === binding.now.getTime();
    const mode = binding.mode ?? (isNew ? binding.firstMode : found.mode);
    const answerFrom = await enterMode(tx, binding.name, mode, binding.answerFrom, binding.now);
    await tx.$executeRaw`
      UPDATE source SET mode = ${mode}, rate_per_second = ${binding.ratePerSecond} WHERE name = ${binding.name}`;
    if (mode !== found.mode) {
      await tx.$executeRaw`
        INSERT INTO marker (at, kind, text) VALUES (${binding.now}, 'setting', ${`source ${binding.name}: mode ${mode}`})`;
      await recordChange(tx, {
        actor: 'configuration',
        action: 'mode.set',
        subject: `source/${binding.name}`,
        detail: { from: found.mode, mode, answerFrom },
        now: binding.now,
      });
    }
    return readSource(tx, binding.name);
  });
}

const mayAnswer = (mode: Mode): boolean => mode === 'approve' || mode === 'live';

/**
 * Sets answerFrom where the mode asks for it: to now when the first scope of the source enters `approve` or `live`, and when the
 * source leaves `observe` for `shadow`, which drafts from then on; later ones leave it alone. What the operator names counts always; gives what is in force.
 * The caller holds the row of the source, which still has its mode from before.
 */
export async function enterMode(
  tx: Sql,
  name: string,
  mode: Mode,
  named: Date | null,
  now: Date,
): Promise<Date | null> {
  const before = await readSource(tx, name);
  const narrower = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM mode_setting WHERE source = ${name} AND mode IN ('approve', 'live') LIMIT 1`;
  const answered = before.mode !== 'observe' && (mayAnswer(before.mode) || narrower.length > 0);
  const enters = mayAnswer(mode) ? !answered : mode === 'shadow' && before.mode === 'observe';
  const explicit = named !== null || (before.answerFromExplicit && !enters);
  const answerFrom = named ?? (enters ? now : before.answerFrom);
  await tx.$executeRaw`
    UPDATE source SET answer_from = ${answerFrom}, answer_from_explicit = ${explicit} WHERE name = ${name}`;
  return answerFrom;
}

/**
 * A mistyped address must not bind the name: until a provider has answered with something, the name is free. Nothing that was
 * said about the old address passes to the new one, above all not its mode. Source: DESIGN law 9.
 */
async function forgetUnusedOrigin(tx: Sql, { name, kind, origin, now }: SourceBinding): Promise<void> {
  const forgotten = await tx.$executeRaw`
    UPDATE source SET origin = ${origin}, kind = ${kind}, mode = 'observe', answer_from = NULL, answer_from_explicit = false,
           blocked_until = NULL, demanded_at = NULL, stopped_at = NULL, stopped_reason = NULL, created_at = ${now}
    WHERE name = ${name} AND origin <> ${origin}
      AND NOT EXISTS (SELECT 1 FROM provider_call WHERE source = ${name} AND rows IS NOT NULL)`;
  if (forgotten === 0) return;
  await tx.$executeRaw`DELETE FROM pacer WHERE source = ${name}`;
  await tx.$executeRaw`DELETE FROM mode_setting WHERE source = ${name}`;
}

/**
 * Asks for everything to be read again by readings begun at or after `at`: the listings of the whole horizon and each known
 * thread once. What an operator does after doubt, and what `--once` waits for.
 */
export async function demandFullReading(db: Database, source: string, at: Date): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.$executeRaw`UPDATE source SET demanded_at = ${at} WHERE name = ${source}`;
    await tx.$executeRaw`
      INSERT INTO thread_due (thread_id, source, due_at)
      SELECT id, source, ${at}::timestamptz FROM thread WHERE source = ${source} AND gone_at IS NULL
      ON CONFLICT (thread_id) DO UPDATE SET due_at = LEAST(thread_due.due_at, excluded.due_at)`;
  });
}
