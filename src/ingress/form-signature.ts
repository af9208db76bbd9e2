import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { type FormRefusal, TOLERANCE_MS, type Verification } from '../domain/forms.js';

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

export type Verified = { deliveryId: string | null } | { refused: Extract<FormRefusal, 'forged' | 'stale'> };

/** Longest id of a delivery that is taken: Standard Webhooks names none, and senders use about thirty characters. */
const LONGEST_ID = 256;
/** A header that a vendor signs with holds one signature, or one for each of two secrets. */
const MOST_SIGNATURES = 4;

const textOf = (value: string | string[] | undefined): string => (typeof value === 'string' ? value : '');

/** Whether one of the form's secrets signed these bytes just now, compared in constant time; and under which id they were delivered. */
export function verifyDelivery(verification: Verification, headers: Headers, body: Buffer, now: Date): Verified {
  if (verification.scheme === 'standard-webhooks') return verifyStandard(verification.secrets, headers, body);
  const { header, prefix, timestampHeader, deliveryHeader, encoding } = verification;
  const stamp = timestampHeader === null ? '' : textOf(headers[timestampHeader]);
  if (timestampHeader !== null && !/^\d{9,13}$/.test(stamp)) return { refused: 'forged' };
  const signed = timestampHeader === null ? body : Buffer.concat([Buffer.from(`${stamp}.`), body]);
  const given = textOf(headers[header])
    .split(',', MOST_SIGNATURES)
    .map((part) => part.trim())
    .flatMap((part) => (part.startsWith(prefix) ? [Buffer.from(part.slice(prefix.length), encoding)] : []));
  const wanted = verification.secrets.map((secret) =>
    createHmac(verification.algorithm, secret).update(signed).digest(),
  );
  // Every pair is compared, so that the time says nothing about which one fits.
  const fits = wanted.flatMap((digest) =>
    given.map((one) => one.length === digest.length && timingSafeEqual(one, digest)),
  );
  if (!fits.includes(true)) return { refused: 'forged' };
  const at = Number(stamp) * (stamp.length > 10 ? 1 : 1_000);
  if (timestampHeader !== null && Math.abs(now.getTime() - at) > TOLERANCE_MS) return { refused: 'stale' };
  const id = deliveryHeader === null ? '' : textOf(headers[deliveryHeader]);
  return { deliveryId: id !== '' && id.length <= LONGEST_ID ? withBytes(id, body) : null };
}

/**
 * The signature does not cover this header: an id that was sent with other bytes, or a header that always says the same, must not make
 * the next submission a replay.
 */
const withBytes = (id: string, body: Buffer): string => `${id} ${createHash('sha256').update(body).digest('hex')}`;

/** The tolerance of five minutes is the standard's own. */
function verifyStandard(secrets: readonly string[], headers: Headers, body: Buffer): Verified {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
  const signed = Object.fromEntries(names.map((name) => [name, textOf(headers[name])]));
  const deliveryId = signed['webhook-id'] ?? '';
  let isStale = false;
  for (const secret of secrets) {
    try {
      new Webhook(secret).verify(body, signed, { jsonParse: false });
      return deliveryId.length <= LONGEST_ID ? { deliveryId } : { refused: 'forged' };
    } catch (error) {
      isStale ||= error instanceof Error && /timestamp too (old|new)/i.test(error.message);
    }
  }
  return { refused: isStale ? 'stale' : 'forged' };
}
