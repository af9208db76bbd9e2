import { RequestProblem } from './refusal.js';
import { MINUTE } from './world-model.js';

/**
 * The vendor's page token. As documented it reads the listing as it was when it began (`asOf`), so that nothing shifts
 * and nothing expires; with offset-cursor it is an offset into the listing as it is now.
 */
export interface Cursor {
  offset: number;
  /** Instant, ms, at which the listing began. */
  asOf: number;
  /** Instant, ms, at which this cursor was handed out. */
  madeAt: number;
}

export const CURSOR_LIFE_MS = 10 * MINUTE;

export function writeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify([cursor.offset, cursor.asOf, cursor.madeAt])).toString('base64url');
}

/** @throws RequestProblem 422 for what is no cursor of ours, 410 for one that is older than `lifeMs` */
export function readCursor(token: string, now: number, lifeMs: number | null): Cursor {
  let fields: unknown;
  try {
    fields = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    fields = null;
  }
  const [offset, asOf, madeAt] = Array.isArray(fields) ? (fields as unknown[]) : [];
  if (!isCount(offset) || !isCount(asOf) || !isCount(madeAt) || asOf > now || madeAt > now) {
    throw new RequestProblem(422, 'bad_parameter', 'cursor is no cursor of this server');
  }
  if (lifeMs !== null && now - madeAt > lifeMs)
    throw new RequestProblem(410, 'cursor_expired', 'the cursor is too old');
  return { offset, asOf, madeAt };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
