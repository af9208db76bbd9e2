import { Webhook } from 'standardwebhooks';
import { DashboardHint } from '../contracts/hints.js';
import type { Clock } from '../domain/clock.js';
import type { HintRefusal } from '../domain/hints.js';
import type { Database } from '../ledger/database.js';
import { type HintReceipt, recordHint } from '../ledger/hints.js';

export interface WebhookDelivery {
  source: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body as it came: a signature holds for bytes, not for what a parser makes of them. */
  body: Buffer;
}

export type WebhookVerdict = Exclude<HintReceipt, { kind: 'unknown_source' }> | { kind: 'refused'; cause: HintRefusal };

export interface DashboardWebhookDeps {
  db: Database;
  clock: Clock;
  /** Any of them may have signed: while one is replaced, both hold. */
  secrets: readonly string[];
}

/** Longest id of a delivery that is taken; Standard Webhooks names none, and senders use about thirty characters. */
const LONGEST_WEBHOOK_ID = 256;
const SIGNED_HEADERS = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;

/** Takes a hint: verified over its raw bytes, recorded before it is acknowledged, and once per delivery. */
export async function takeDashboardHint(
  { db, clock, secrets }: DashboardWebhookDeps,
  { source, headers, body }: WebhookDelivery,
): Promise<WebhookVerdict> {
  const signed = Object.fromEntries(SIGNED_HEADERS.map((name) => [name, textOf(headers[name])]));
  const problem = verify(secrets, signed, body);
  if (problem) return { kind: 'refused', cause: problem };
  const webhookId = signed['webhook-id'] ?? '';
  const hint = DashboardHint.safeParse(parseJson(body));
  if (!hint.success || webhookId.length > LONGEST_WEBHOOK_ID) return { kind: 'refused', cause: 'unreadable' };
  const receipt = await recordHint(db, { source, webhookId, ...hint.data, now: clock.now() });
  return receipt.kind === 'unknown_source' ? { kind: 'refused', cause: 'unknown_source' } : receipt;
}

const textOf = (value: string | string[] | undefined): string => (typeof value === 'string' ? value : '');

/** Why no secret of ours signed this delivery just now; null where one did. The tolerance of five minutes is the standard's. */
function verify(secrets: readonly string[], headers: Record<string, string>, body: Buffer): HintRefusal | null {
  let isStale = false;
  for (const secret of secrets) {
    try {
      new Webhook(secret).verify(body, headers, { jsonParse: false });
      return null;
    } catch (error) {
      isStale ||= error instanceof Error && /timestamp too (old|new)/i.test(error.message);
    }
  }
  return isStale ? 'stale' : 'forged';
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
