import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Form } from '../domain/forms.js';
import { quenchAlarm } from './alarms.js';
import { only, type Sql } from './database.js';

const MARKER = /waybill-canary-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-([0-9a-f]{32})/;

const signatureOf = ({ source }: Form, id: string, secret: string): string =>
  createHmac('sha256', secret).update(`canary ${source} ${id}`).digest('hex').slice(0, 32);

/** What a canary carries: signed, so that nobody else can have what they send counted as ours. */
export const canaryMarker = (form: Form, id: string): string =>
  `waybill-canary-${id}-${signatureOf(form, id, form.verification.secrets[0] ?? '')}`;

/** Opens a canary of a run; the same run gets the same one. */
export async function openFormCanary(
  tx: Sql,
  source: string,
  { runId, now, dueAt }: { runId: string; now: Date; dueAt: Date },
): Promise<string> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    INSERT INTO form_canary (source, run_id, submitted_at, due_at) VALUES (${source}, ${runId}, ${now}, ${dueAt})
    ON CONFLICT (run_id) DO UPDATE SET source = excluded.source RETURNING id`;
  return only(rows, `canary of ${source}`).id;
}

/** Whether what came is a canary of ours; notes that it came. */
export async function meetFormCanary(tx: Sql, form: Form, raw: Buffer, now: Date): Promise<boolean> {
  const [, id, signature] = MARKER.exec(raw.toString('latin1')) ?? [];
  if (id === undefined || signature === undefined) return false;
  const isSignedWith = (secret: string) =>
    timingSafeEqual(Buffer.from(signature), Buffer.from(signatureOf(form, id, secret)));
  if (!form.verification.secrets.some(isSignedWith)) return false;
  const met = await tx.$executeRaw`
    UPDATE form_canary SET came_at = COALESCE(came_at, ${now}::timestamptz) WHERE id = ${id}::uuid AND source = ${form.source}`;
  if (met > 0) await quenchAlarm(tx, { kind: 'submission_gap', source: form.source, subject: 'canary', now });
  return met > 0;
}
