import type { ClaimName } from '../../domain/claims.js';
import type { Sql } from '../../ledger/database.js';
import { type Evidence, type Look, type Scan, type Seen } from './evidence.js';
import { bodyKind } from './look-at-calls.js';
import { redact } from './redact.js';

const OPERATIONS = {
  shape_of_thread_lists: { operation: 'listThreads', kind: 'thread' },
  shape_of_message_lists: { operation: 'listMessages', kind: 'message' },
  shape_of_threads: { operation: 'getThread', kind: null },
  shape_of_replies: { operation: 'postReply', kind: null },
} as const;

/** One line of a diff between the contract and the answers. */
interface Difference {
  sign: '+' | '-' | '~';
  field: string;
  what: string;
  times: number;
}

/** Notes that say nothing about the shape: content that could not be stored, an instant without a zone. */
const OTHER_NOTES = /^(unstorable|zoneless):/;
/** Rows below which the shares of nulls prove nothing. */
const ENOUGH_ROWS = 50;

/** The shape of every endpoint's answer: fields that are new, vanished or of another type, with a redacted sample. */
export const lookAtShapes: Look = async (db, scan) => {
  const evidence: Evidence = {};
  const [noted, parked, broken, nulls] = await Promise.all([
    readNotes(db, scan),
    readParks(db, scan),
    readBroken(db, scan),
    nullShares(db, scan),
  ]);
  for (const [claim, { operation, kind }] of Object.entries(OPERATIONS) as [
    ClaimName,
    (typeof OPERATIONS)[keyof typeof OPERATIONS],
  ][]) {
    const differences = noted.filter((row) => row.operation === operation).map(differenceOf);
    const rows = kind === null ? [] : parked.filter((row) => row.kind === kind);
    const others = broken.filter((row) => row.operation === operation && bodyKind(row.answer ?? '') === 'other JSON');
    differences.push(
      ...rows.map(({ problem, n }): Difference => ({ sign: '~', field: problem, what: 'cannot be read', times: n })),
    );
    differences.push(
      ...others.map((): Difference => ({ sign: '~', field: 'the answer', what: 'has another form', times: 1 })),
    );
    const calls = await countCalls(db, scan, operation);
    const vanished = claim === 'shape_of_message_lists' ? await vanishedFields(db, scan, nulls) : [];
    evidence[claim] = assess([...differences, ...vanished], calls, {
      sample: sampleOf(rows[0]?.raw ?? others[0]?.answer ?? null),
      ...(claim === 'shape_of_message_lists' ? { nulls } : {}),
    });
  }
  return evidence;
};

function assess(differences: readonly Difference[], calls: number, more: Record<string, unknown>): Seen {
  const diff = differences.map(({ sign, field, what, times }) => `${sign} ${field}: ${what} (${times})`).slice(0, 20);
  return {
    tally: { supports: differences.length === 0 ? calls : 0, contradicts: differences.length },
    evidence: { calls, ...(diff.length > 0 ? { diff } : {}), ...more },
  };
}

const sampleOf = (raw: string | null): string | null => (raw === null ? null : redact(raw).slice(0, 1000));

function differenceOf({ name, n }: { name: string; n: number }): Difference {
  const [, what, field = '', type] = /^(absent|null|retyped):([^:]+)(?::(.+))?$/.exec(name) ?? [];
  if (what === 'absent') return { sign: '-', field, what: 'is missing', times: n };
  if (what === 'null') return { sign: '~', field, what: 'is null', times: n };
  if (what === 'retyped') return { sign: '~', field, what: `is a ${type ?? 'value of another type'}`, times: n };
  return { sign: '+', field: name, what: 'is not in the contract', times: n };
}

async function readNotes(db: Sql, { source, since }: Scan): Promise<{ operation: string; name: string; n: number }[]> {
  const rows = await db.$queryRaw<{ operation: string; name: string; n: number }[]>`
    SELECT operation, note.key AS name, sum(note.value::int)::int AS n
    FROM provider_call, jsonb_each_text(unknown_fields) AS note
    WHERE source = ${source} AND opened_at >= ${since} AND unknown_fields <> '{}'::jsonb GROUP BY 1, 2 ORDER BY 1, 2`;
  return rows.filter((row) => !OTHER_NOTES.test(row.name));
}

/** What is still parked because its row does not fit, by what the schema says about it: names of fields, never values. */
const readParks = (db: Sql, { source, since }: Scan) => db.$queryRaw<
  { kind: string; problem: string; n: number; raw: string }[]
>`
  SELECT kind, problem, count(*)::int AS n, max(raw) AS raw FROM park
  WHERE source = ${source} AND reason = 'unreadable_row' AND state = 'parked' AND last_seen_at >= ${since}
  GROUP BY kind, problem ORDER BY n DESC LIMIT 20`;

const readBroken = (db: Sql, { source, since }: Scan) => db.$queryRaw<{ operation: string; answer: string | null }[]>`
  SELECT operation, answer FROM provider_call
  WHERE source = ${source} AND opened_at >= ${since} AND failure = 'SourceAnswerUnreadable' ORDER BY opened_at DESC LIMIT 200`;

async function countCalls(db: Sql, { source, since }: Scan, operation: string): Promise<number> {
  const [row] = await db.$queryRaw<{ n: number }[]>`
    SELECT count(*)::int AS n FROM provider_call
    WHERE source = ${source} AND opened_at >= ${since} AND operation = ${operation} AND rows IS NOT NULL`;
  return row?.n ?? 0;
}

type NullShares = Record<string, { rows: number; nulls: number }>;

/** How often each field that may be null is. */
async function nullShares(db: Sql, { source, since }: Scan): Promise<NullShares> {
  const [row] = await db.$queryRaw<Record<string, number>[]>`
    SELECT count(*)::int AS rows, count(*) FILTER (WHERE b.subject IS NULL)::int AS subject,
           count(*) FILTER (WHERE b.text IS NULL)::int AS text, count(*) FILTER (WHERE b.html IS NULL)::int AS html,
           count(*) FILTER (WHERE b.headers = '{}'::jsonb)::int AS headers
    FROM message m JOIN message_body b ON b.message_id = m.id AND b.version = 1
    WHERE m.source = ${source} AND m.first_seen_at >= ${since} AND m.direction = 'inbound'`;
  const rows = row?.rows ?? 0;
  return Object.fromEntries(
    ['subject', 'text', 'html', 'headers'].map((name) => [name, { rows, nulls: row?.[name] ?? 0 }]),
  );
}

/** A field that held something before and is null in every row now has vanished, whatever the contract allows. */
async function vanishedFields(db: Sql, { source }: Scan, nulls: NullShares): Promise<Difference[]> {
  const [before] = await db.$queryRaw<{ nulls: NullShares | null }[]>`
    SELECT evidence -> 'nulls' AS nulls FROM claim_turn
    WHERE source = ${source} AND claim = 'shape_of_message_lists' AND after = 'verified' ORDER BY at DESC LIMIT 1`;
  return Object.entries(nulls).flatMap(([field, { rows, nulls: n }]) => {
    const known = before?.nulls?.[field];
    const wasThere = known !== undefined && known.rows >= ENOUGH_ROWS && known.nulls < known.rows;
    return wasThere && rows >= ENOUGH_ROWS && n === rows
      ? [{ sign: '-', field, what: 'is null in every row', times: n }]
      : [];
  });
}
