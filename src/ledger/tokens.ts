import { timingSafeEqual } from 'node:crypto';
import type { Actor, Role } from '../domain/access.js';
import { recordChange } from './changes.js';
import { type Database, only, type Sql } from './database.js';
import { makeToken, readToken, type TokenText } from './token-text.js';

/** A token without its secret. */
export interface Token {
  id: string;
  name: string;
  role: Role;
  createdAt: Date;
  createdBy: string;
  /** To the minute. */
  lastUsedAt: Date | null;
  revokedAt: Date | null;
  revokedBy: string | null;
}

export interface NewToken {
  name: string;
  role: Role;
  /** As in `change.actor`. */
  by: string;
  now: Date;
}

/** The last use is written when it is older than this, so that a busy client costs one write a minute. */
const USE_NOTED_EVERY_MS = 60_000;

/** What a token may be called: it stands in paths, logs and command lines. */
export const TOKEN_NAME = {
  pattern: /^[a-z0-9][a-z0-9._-]{0,62}$/,
  says: 'a name has at most 63 of a-z, 0-9, dot, underscore and hyphen, and begins with a letter or digit',
} as const;

/** Makes a token, or gives null where one that is not revoked has the name. The text is told here and nowhere else. */
export async function createToken(db: Database, input: NewToken): Promise<{ token: Token; text: string } | null> {
  const made = makeToken();
  const token = await keepToken(db, made, input);
  return token && { token, text: made.text };
}

/** Keeps a token that is made already: for who has to put its text away before it can be used. */
export async function keepToken(
  db: Database,
  { id, hash }: TokenText,
  { name, role, by, now }: NewToken,
): Promise<Token | null> {
  return db.transaction(async (tx) => {
    const kept = await tx.$executeRaw`
      INSERT INTO token (id, name, role, hash, created_at, created_by)
      VALUES (${id}::uuid, ${name}, ${role}, ${hash}, ${now}, ${by})
      ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING`;
    if (kept === 0) return null;
    await recordChange(tx, { actor: by, action: 'token.create', subject: `token/${name}`, detail: { id, role }, now });
    return only(await listTokens(tx, { id }), `token ${id}`);
  });
}

/** Takes a live token back, by its id or name; null where none is live under it. From the next request on it is refused. */
export async function revokeToken(db: Database, idOrName: string, by: string, now: Date): Promise<Token | null> {
  return db.transaction(async (tx) => {
    const [revoked] = await tx.$queryRaw<{ id: string; name: string }[]>`
      UPDATE token SET revoked_at = ${now}, revoked_by = ${by}
      WHERE revoked_at IS NULL AND id = (
        SELECT id FROM token WHERE revoked_at IS NULL AND (id::text = ${idOrName} OR name = ${idOrName})
        ORDER BY (id::text = ${idOrName}) DESC LIMIT 1)
      RETURNING id, name`;
    if (!revoked) return null;
    const { id, name } = revoked;
    await recordChange(tx, { actor: by, action: 'token.revoke', subject: `token/${name}`, detail: { id }, now });
    return only(await listTokens(tx, { id }), `token ${id}`);
  });
}

/** Tokens, the oldest first; those that are live, or with `all` every one. */
export async function listTokens(
  db: Sql,
  { all = false, id = null }: { all?: boolean; id?: string | null } = {},
): Promise<Token[]> {
  return db.$queryRaw<Token[]>`
    SELECT id, name, role, created_at AS "createdAt", created_by AS "createdBy", last_used_at AS "lastUsedAt",
           revoked_at AS "revokedAt", revoked_by AS "revokedBy"
    FROM token WHERE (${all} OR revoked_at IS NULL OR id = ${id}::uuid) AND (${id}::uuid IS NULL OR id = ${id}::uuid)
    ORDER BY created_at, name`;
}

/** Whether any token was ever made here. */
export async function hasTokens(db: Sql): Promise<boolean> {
  return (await db.$queryRaw<unknown[]>`SELECT 1 FROM token LIMIT 1`).length > 0;
}

/** Compared with where there is no such token, so that an unknown id takes as long as a wrong secret. */
const NO_HASH = Buffer.alloc(32);

/** Who holds a token, or null: not one of ours, wrong, or taken back. Notes its use. */
export async function findActor(db: Sql, text: string, now: Date): Promise<Actor | null> {
  const given = readToken(text);
  if (!given) return null;
  const [row] = await db.$queryRaw<{ name: string; role: Role; hash: Buffer; lastUsedAt: Date | null }[]>`
    SELECT name, role, hash, last_used_at AS "lastUsedAt" FROM token WHERE id = ${given.id}::uuid AND revoked_at IS NULL`;
  if (!timingSafeEqual(row?.hash ?? NO_HASH, given.hash) || !row) return null;
  if (row.lastUsedAt === null || now.getTime() - row.lastUsedAt.getTime() >= USE_NOTED_EVERY_MS) {
    const before = new Date(now.getTime() - USE_NOTED_EVERY_MS);
    await db.$executeRaw`
      UPDATE token SET last_used_at = ${now} WHERE id = ${given.id}::uuid AND (last_used_at IS NULL OR last_used_at <= ${before})`;
  }
  return { name: row.name, role: row.role };
}
