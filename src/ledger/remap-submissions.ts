import type { Form } from '../domain/forms.js';
import { mapSubmission } from '../domain/map-submission.js';
import { retryAt } from '../domain/park-retry.js';
import { readSubmissionBody } from '../domain/submission-body.js';
import type { Timing } from '../domain/timing.js';
import type { Database } from './database.js';
import { recordArrival } from './submissions.js';

export interface Remapping {
  forms: readonly Form[];
  /** Our ids of parks, or those whose time has come. */
  which: readonly string[] | 'due';
  now: Date;
  timing: Timing;
}

interface ParkedSubmission {
  parkId: string;
  source: string;
  attempts: number;
  by: 'webhook' | 'poll';
  raw: Buffer;
}

/**
 * Reads submissions that lie parked again as their forms are configured now. One that can be read gets its message, which only a
 * person answers; the others are read again at the gaps of every park.
 */
export async function remapSubmissions(
  db: Database,
  { forms, which, now, timing }: Remapping,
): Promise<{ examined: number; mapped: number }> {
  const report = { examined: 0, mapped: 0 };
  const parked = await db.$queryRaw<ParkedSubmission[]>`
    SELECT DISTINCT ON (p.id) p.id AS "parkId", p.source, p.attempts, s.first_seen_by AS by, s.raw
    FROM park p JOIN submission s ON s.source = p.source AND s.item = p.item AND s.state = 'parked' AND s.raw IS NOT NULL
    WHERE p.kind = 'submission' AND p.state = 'parked' AND p.source = ANY (${forms.map((form) => form.source)}::text[])
      AND (p.id = ANY (${which === 'due' ? [] : [...which]}::uuid[]) OR (${which === 'due'} AND p.retry_at <= ${now}))
    ORDER BY p.id, s.received_at DESC`;
  for (const { parkId, source, attempts, by, raw } of parked) {
    const form = forms.find((one) => one.source === source);
    if (!form) continue; // a source whose form is configured no more was not asked for
    report.examined += 1;
    const body = readSubmissionBody(raw.toString('utf8'));
    const isMapped = body !== undefined && mapSubmission(form, body).ok;
    await db.transaction(async (tx) => {
      if (isMapped) {
        await recordArrival(tx, { form, by, raw, body, deliveryId: null, call: null, readLate: true, now, timing });
        await tx.$executeRaw`
          UPDATE park SET state = 'resolved', resolved_at = ${now}, retry_at = NULL WHERE id = ${parkId}::uuid AND state = 'parked'`;
      } else
        await tx.$executeRaw`
          UPDATE park SET attempts = attempts + 1, retry_at = ${retryAt(now, attempts + 1, timing)} WHERE id = ${parkId}::uuid`;
    });
    if (isMapped) report.mapped += 1;
  }
  return report;
}
