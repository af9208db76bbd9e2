import { z } from 'zod';

/** An id of ours in a path. In either case, as RFC 9562 has it; rows and workflows have it in small letters. */
export const OwnId = z.uuid().toLowerCase();

const instant = () =>
  z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text))
    .optional();

/** What the lists take that go from the newest to older ones by our ids. */
export const PAGE_QUERY = {
  since: instant().describe('of this instant and later'),
  until: instant().describe('before this instant'),
  before: OwnId.optional().describe('`next` of another answer'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
};

export const Next = z.uuid().nullable().describe('what to pass as `before` for older ones; null where there is none');

/** A page out of one row more than it holds, and where the next one begins. */
export function toPage<T extends { id: string }>(
  found: readonly T[],
  limit: number,
): { rows: T[]; next: string | null } {
  const rows = found.slice(0, limit);
  return { rows, next: found.length > limit ? (rows.at(-1)?.id ?? null) : null };
}

export const wordsOf = <T extends string>(table: Record<T, string>) => z.enum(Object.keys(table) as [T, ...T[]]);
