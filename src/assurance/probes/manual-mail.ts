import type { Clock } from '../../domain/clock.js';
import type { Timing } from '../../domain/timing.js';
import { CANARY_HEADER, canaryMark, noteCanarySent, openCanary, readCanary } from '../../ledger/canaries.js';
import { recordObservation } from '../../ledger/claims.js';
import type { Database } from '../../ledger/database.js';
import { readOrigin, usualInbox } from '../../ledger/probes.js';

export interface AskedMail {
  canaryId: string;
  headers: [string, string][];
  text: string;
  dueAt: Date;
}

const HOUR_MS = 3_600_000;
const SKEW_MS = 60_000;

/** The exact mail that a person has to send where no sender is configured. Its token is known to the person alone. */
export async function askForMail(db: Database, source: string, now: Date, timing: Timing): Promise<AskedMail> {
  const originAt = new Date(now.getTime() - timing.canaryOriginAgeMs);
  const dueAt = new Date(now.getTime() + timing.canaryDueMs);
  const { id, token } = await openCanary(db, { source, purpose: 'manual', originAt, dueAt }, now);
  await noteCanarySent(db, id, { providerThreadId: null, providerMessageId: null }, now);
  const mark = canaryMark(token);
  return {
    canaryId: id,
    headers: [
      ['to', (await usualInbox(db, source)) ?? `an address of ${source}`],
      ['subject', `Waybill measures its way (${mark})`],
      [
        'date',
        `${originAt.toUTCString()} (where your program can set it: without a late Date header the receipt stays untested)`,
      ],
      [CANARY_HEADER, `${mark} (may be left out)`],
    ],
    text: 'This message is a test of its own way. Nobody waits for an answer to it.',
    dueAt,
  };
}

/**
 * Waits until the mail was recorded; null once its time is over, or when `rest` gives false. With a Date header that was at least an
 * hour old, it shows whether received_at is the receipt.
 */
export async function awaitMail(
  db: Database,
  canaryId: string,
  clock: Clock,
  rest: () => Promise<boolean>,
): Promise<{ delayMs: number } | null> {
  for (;;) {
    const { source, cameAt, messageId, writtenAt, dueAt } = await readCanary(db, canaryId);
    if (cameAt === null || messageId === null) {
      if (clock.now() >= dueAt || !(await rest())) return null;
      continue;
    }
    const { stampedAt, dateHeader } = await readOrigin(db, messageId);
    const dated = dateHeader === null ? Number.NaN : Date.parse(dateHeader);
    if (stampedAt !== null && dated < writtenAt.getTime() - HOUR_MS) {
      const isReceipt =
        stampedAt.getTime() >= writtenAt.getTime() - SKEW_MS && stampedAt.getTime() <= cameAt.getTime() + SKEW_MS;
      const evidence = { canaryId, lagMs: stampedAt.getTime() - writtenAt.getTime() };
      const outcome = isReceipt ? 'supports' : 'contradicts';
      const now = clock.now();
      await recordObservation(db, {
        source,
        claim: 'received_at_is_receipt',
        outcome,
        cases: 1,
        callId: null,
        evidence,
        now,
      });
    }
    return { delayMs: cameAt.getTime() - writtenAt.getTime() };
  }
}
