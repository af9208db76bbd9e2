import { validateRequest } from 'twilio/lib/webhooks/webhooks.js';
import { takeReport } from '../delivery/calling/report.js';
import type { Clock } from '../domain/clock.js';
import type { HintRefusal } from '../domain/hints.js';
import type { Database } from '../ledger/database.js';
import { StatusCallback } from '../sources/phone/schema.js';

export interface CallDelivery {
  /** Our key, from the path. */
  key: string;
  signature: string;
  /** The form as it came. */
  body: Buffer;
}

export type CallWebhookVerdict =
  | { kind: 'recorded' | 'replay'; source: string; messageId: string }
  | { kind: 'refused'; cause: HintRefusal };

export interface CallWebhookDeps {
  db: Database;
  clock: Clock;
  /** Name of the phone provider. */
  provider: string;
  accountSid: string;
  authToken: string;
  /** Address of ours that the provider was given, without a slash at its end: signatures hold for it, not for the Host header. */
  publicUrl: string;
}

/** Takes a status callback: verified by the provider's own library, recorded before it is acknowledged, once per call and number. */
export async function takeCallStatus(
  { db, clock, provider, accountSid, authToken, publicUrl }: CallWebhookDeps,
  { key, signature, body }: CallDelivery,
): Promise<CallWebhookVerdict> {
  const parameters = formOf(body);
  if (!validateRequest(authToken, signature, `${publicUrl}/webhooks/calls/${key}`, parameters))
    return { kind: 'refused', cause: 'forged' };
  const parsed = StatusCallback.safeParse(parameters);
  if (!parsed.success || parsed.data.AccountSid !== accountSid) return { kind: 'refused', cause: 'unreadable' };
  const { CallSid: sid, CallStatus: status, SequenceNumber: sequence } = parsed.data;
  const report = { provider, key, sid, status, via: 'webhook', sequence, now: clock.now() } as const;
  const receipt = await db.transaction((tx) => takeReport(tx, report));
  return receipt.kind === 'unknown' ? { kind: 'refused', cause: 'unknown_source' } : receipt;
}

/** A name that comes twice is a list, as the provider signs it. */
function formOf(body: Buffer): Record<string, string | string[]> {
  const form = new URLSearchParams(body.toString('utf8'));
  return Object.fromEntries(
    [...new Set(form.keys())].map((name) => {
      const values = form.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? '') : values];
    }),
  );
}
