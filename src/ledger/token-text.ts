import { createHash, randomBytes, randomUUID } from 'node:crypto';

/** A token as its holder has it: the id finds its row, the secret is compared with the hash that stands there. */
export interface TokenText {
  id: string;
  hash: Buffer;
}

const SECRET_BYTES = 32;
const TEXT = /^wbt_([0-9a-f]{32})_([\w-]{43})$/;

const hashOf = (secret: Buffer): Buffer => createHash('sha256').update(secret).digest();

/** A new token. The text is told once and kept nowhere. A fast hash is enough: nobody guesses 256 random bits. */
export function makeToken(): TokenText & { text: string } {
  const id = randomUUID();
  const secret = randomBytes(SECRET_BYTES);
  return { id, hash: hashOf(secret), text: `wbt_${id.replaceAll('-', '')}_${secret.toString('base64url')}` };
}

/** Reads a token; null where this cannot be one of ours, so that the ledger need not be asked. One token has one spelling. */
export function readToken(text: string): TokenText | null {
  const [, hex = '', encoded = ''] = TEXT.exec(text) ?? [];
  const secret = Buffer.from(encoded, 'base64url');
  if (secret.length !== SECRET_BYTES || secret.toString('base64url') !== encoded) return null;
  return { id: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'), hash: hashOf(secret) };
}
