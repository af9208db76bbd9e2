import { expect } from 'vitest';
import type { Sql } from '../../src/ledger/database.js';

interface Line {
  at: Date;
  line: string;
}

const told = (kind: string, detail: Record<string, string>): string => {
  if (kind === 'ended') return `ended ${detail.disposition} (${detail.reason})`;
  if (kind === 'waiting') return `waiting for ${detail.for}`;
  if (kind === 'reply_withdrawn') return `reply_withdrawn because ${detail.because}`;
  return kind;
};

/**
 * What the ledger tells of a message, oldest first: its lifecycle events; `failed <type>` for each provider call on its behalf
 * that failed; `failure <type>` for each step of it that failed. At one instant, events stand before failures.
 */
export async function trailOf(db: Sql, messageId: string): Promise<string[]> {
  const events = await db.$queryRaw<{ at: Date; kind: string; detail: Record<string, string> }[]>`
    SELECT at, kind, detail FROM lifecycle_event WHERE message_id = ${messageId}::uuid ORDER BY seq`;
  const calls = await db.$queryRaw<{ at: Date; failure: string }[]>`
    SELECT finished_at AS at, failure FROM provider_call
    WHERE message_id = ${messageId}::uuid AND failure IS NOT NULL ORDER BY finished_at, id`;
  const failures = await db.$queryRaw<{ at: Date; type: string }[]>`
    SELECT at, type FROM failure WHERE message_id = ${messageId}::uuid ORDER BY at, id`;
  const lines: Line[] = [
    ...events.map(({ at, kind, detail }) => ({ at, line: told(kind, detail) })),
    ...calls.map(({ at, failure }) => ({ at, line: `failed ${failure}` })),
    ...failures.map(({ at, type }) => ({ at, line: `failure ${type}` })),
  ];
  return lines.sort((a, b) => a.at.getTime() - b.at.getTime()).map(({ line }) => line);
}

/** The whole trail of a message, events and failures: nothing more and nothing less happened to it. */
export async function assertTrail(db: Sql, messageId: string, expected: readonly string[]): Promise<void> {
  expect(await trailOf(db, messageId)).toEqual(expected);
}
