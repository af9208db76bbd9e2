import { WaybillError } from '../domain/failures.js';
import { only, type Sql, storableText } from './database.js';
import { blockSource } from './pacers.js';

export type Operation =
  | 'listThreads'
  | 'getThread'
  | 'listMessages'
  | 'postReply'
  | 'getAttachment'
  | 'addNote'
  | 'createCall'
  | 'getCall'
  | 'listCalls'
  | 'listSubmissions'
  | 'submitCanary'
  | 'handOff'
  | 'askModel';

export interface CallRequest {
  source: string;
  operation: Operation;
  /** Ids, instants and limits of the request. */
  parameters: Record<string, unknown>;
  windowId?: string | null;
  roundId?: string | null;
  threadId?: string | null;
  messageId?: string | null;
  /** The reading that this page belongs to; null begins one. */
  readingId: string | null;
  page: number;
  attempt: number;
  now: Date;
}

export interface OpenCall {
  id: string;
  openedAt: Date;
  readingId: string;
  page: number;
}

/**
 * Opens the row of a request before it leaves and checks in the same statement that the source is neither blocked nor stopped.
 * @throws WaybillError SourceBlocked, with the milliseconds that are left of the pause; SourceStopped
 */
export async function openCall(db: Sql, request: CallRequest): Promise<OpenCall> {
  const rows = await db.$queryRaw<{ id: string; openedAt: Date; readingId: string }[]>`
    INSERT INTO provider_call (id, opened_at, source, operation, parameters, window_id, round_id, thread_id, message_id,
                               reading_id, page, attempt)
    SELECT fresh.id, ${request.now}::timestamptz, ${request.source}, ${request.operation},
           ${JSON.stringify(request.parameters)}::jsonb, ${request.windowId ?? null}::uuid, ${request.roundId ?? null}::uuid,
           ${request.threadId ?? null}::uuid, ${request.messageId ?? null}::uuid,
           COALESCE(${request.readingId}::uuid, fresh.id), ${request.page}, ${request.attempt}
    FROM source, (SELECT uuidv7() AS id) AS fresh
    WHERE source.name = ${request.source}
      AND (source.blocked_until IS NULL OR source.blocked_until <= ${request.now}::timestamptz)
      AND source.stopped_at IS NULL
    RETURNING id, opened_at AS "openedAt", reading_id AS "readingId"`;
  const row = rows[0];
  if (row) return { ...row, page: request.page };
  const [source] = await db.$queryRaw<{ blockedUntil: Date | null; stopped: boolean }[]>`
    SELECT blocked_until AS "blockedUntil", stopped_at IS NOT NULL AS stopped FROM source WHERE name = ${request.source}`;
  if (!source)
    throw new WaybillError('LedgerConflict', `There is no source "${request.source}".`, { retryable: false });
  if (source.stopped) throw new WaybillError('SourceStopped', `The source "${request.source}" is stopped.`);
  const rest = (source.blockedUntil?.getTime() ?? 0) - request.now.getTime();
  throw new WaybillError('SourceBlocked', `The source "${request.source}" is paused by its provider.`, {
    retryAfterMs: Math.max(0, rest),
  });
}

export interface CallCounts {
  rows: number;
  known: number;
  stored: number;
  parked: number;
  rejected: number;
}

export interface CallOutcome extends CallCounts {
  status: number;
  ids: string[];
  nextCursor: string | null;
  unknownFields: Record<string, number>;
}

/** Of an answer that holds no rows. */
export const NO_ROWS: Omit<CallOutcome, 'status'> = {
  rows: 0,
  known: 0,
  stored: 0,
  parked: 0,
  rejected: 0,
  ids: [],
  nextCursor: null,
  unknownFields: {},
};

/** Closes a call with what came back, in the transaction that records it; also one that was taken for abandoned meanwhile. */
export async function finishCall(tx: Sql, call: OpenCall, outcome: CallOutcome, now: Date): Promise<void> {
  await tx.$executeRaw`
    UPDATE provider_call SET finished_at = ${now}, failure = NULL, status = ${outcome.status}, rows = ${outcome.rows}, known = ${outcome.known},
      stored = ${outcome.stored}, parked = ${outcome.parked}, rejected = ${outcome.rejected}, ids = ${outcome.ids}::text[],
      next_cursor = ${outcome.nextCursor}, exhausted = ${outcome.nextCursor === null},
      unknown_fields = ${JSON.stringify(outcome.unknownFields)}::jsonb
    WHERE id = ${call.id}::uuid AND opened_at = ${call.openedAt}`;
}

export interface CallFailure {
  failure: string;
  status: number | null;
  /** The provider's real answer, as far as it came. */
  answer: string | null;
  retryAfterMs: number | null;
  /** Until when the source takes no call; null where the failure does not block. */
  blockedUntil: Date | null;
}

export async function failCall(
  db: Sql,
  source: string,
  call: OpenCall,
  failure: CallFailure,
  now: Date,
): Promise<void> {
  // The pause first: until it is written, another call may still be opened.
  if (failure.blockedUntil) await blockSource(db, source, failure.blockedUntil);
  await db.$executeRaw`
    UPDATE provider_call SET finished_at = ${now}, status = ${failure.status}, failure = ${failure.failure},
      retry_after_ms = ${failure.retryAfterMs}::bigint, answer = ${failure.answer === null ? null : storableText(failure.answer)}
    WHERE id = ${call.id}::uuid AND opened_at = ${call.openedAt}`;
}

/** A call that has ended, for what is recorded of it later; one whose partition is gone by now stands for itself alone. */
export async function finishedCall(db: Sql, id: string): Promise<OpenCall> {
  const [call] = await db.$queryRaw<OpenCall[]>`
    SELECT id, opened_at AS "openedAt", reading_id AS "readingId", page FROM provider_call WHERE id = ${id}::uuid`;
  return call ?? { id, openedAt: new Date(0), readingId: id, page: 0 };
}

export interface PageOfReading {
  id: string;
  readingId: string;
  page: number;
  openedAt: Date;
  ids: string[];
  nextCursor: string | null;
  exhausted: boolean;
}

/** The pages of a reading in order; of a page that was asked for twice, the newest answer. */
export async function pagesOfReading(db: Sql, readingId: string): Promise<PageOfReading[]> {
  return db.$queryRaw<PageOfReading[]>`
    SELECT DISTINCT ON (page) id, reading_id AS "readingId", page, opened_at AS "openedAt", ids, next_cursor AS "nextCursor", exhausted
    FROM provider_call WHERE reading_id = ${readingId}::uuid AND rows IS NOT NULL
    ORDER BY page, opened_at DESC, id DESC`;
}

export interface PriorPage {
  readingId: string;
  page: number;
  nextCursor: string | null;
}

/** The page after which another is asked for. */
export async function readPriorPage(db: Sql, callId: string): Promise<PriorPage> {
  return only(
    await db.$queryRaw<PriorPage[]>`
      SELECT reading_id AS "readingId", page, next_cursor AS "nextCursor" FROM provider_call
      WHERE id = ${callId}::uuid AND rows IS NOT NULL`,
    `provider call ${callId}`,
  );
}

/** Whether an id stands on two pages: rows moved while the reading was under way. */
export function repeatsId(pages: readonly PageOfReading[]): boolean {
  const seen = new Set<string>();
  for (const page of pages) {
    for (const id of new Set(page.ids)) {
      if (seen.has(id)) return true;
      seen.add(id);
    }
  }
  return false;
}

/**
 * Whether the last page of a reading leads nowhere new: its cursor was used before, or all its rows stood on earlier pages though
 * it names a page after it. Without this a provider that walks in a circle would be followed for ever.
 */
export function goesInCircles(pages: readonly PageOfReading[]): boolean {
  const last = pages.at(-1);
  if (!last || last.nextCursor === null) return false;
  const before = pages.slice(0, -1);
  if (before.some((page) => page.nextCursor === last.nextCursor)) return true;
  const seen = new Set(before.flatMap((page) => page.ids));
  return last.ids.length > 0 && last.ids.every((id) => seen.has(id));
}
