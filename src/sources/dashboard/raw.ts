/** Bytes of an unreadable row that are kept. */
const RAW_BYTES = 256 * 1024;

/** JSON of a row, cut to 256 KiB. JSON escapes what Postgres text cannot hold, so that it is stored as it came. */
export function toRaw(row: unknown): string {
  try {
    return cutBytes(JSON.stringify(row) ?? 'null', RAW_BYTES);
  } catch {
    return '"nested too deeply to be written"'; // JSON.parse reads deeper nesting than JSON.stringify can write
  }
}

/** The longest beginning of a text that fits into so many bytes of UTF-8. */
export function cutBytes(text: string, bytes: number): string {
  if (text.length * 3 <= bytes) return text;
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  let end = bytes;
  while (end > 0 && ((encoded[end] ?? 0) & 0xc0) === 0x80) end -= 1; // never through the middle of a character
  return encoded.subarray(0, end).toString();
}

const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * Parses JSON with every number of 16 digits and more as text, so that an id beyond 2^53 keeps its digits; null where the
 * answer is too much for the pattern. Slower than JSON.parse: for answers in which a row could not be read.
 */
export function parseExactly(json: string): { value: unknown } | null {
  try {
    return {
      value: JSON.parse(json.replace(TOKENS, (token) => (token.startsWith('"') ? token : JSON.stringify(token)))),
    };
  } catch {
    return null;
  }
}

/** What of a row the ledger has in columns of its own, word for word, and need not keep twice. */
type Apart = Record<'text' | 'html', string | null>;

/**
 * JSON of a readable row with the names of those fields that stand, word for word, in columns of the ledger and were left out of
 * it; null where it cannot be written.
 */
export function toKept(row: object, apart: Apart): string | null {
  const found = row as Record<string, unknown>;
  const names = (['text', 'html'] as const).filter((name) => apart[name] !== null && found[name] === apart[name]);
  const rest = Object.fromEntries(Object.entries(found).filter(([name]) => !(names as string[]).includes(name)));
  try {
    return JSON.stringify({ apart: names, row: rest });
  } catch {
    return null; // JSON.parse reads deeper nesting than JSON.stringify can write
  }
}

/** The row that was kept, made whole again; undefined where what was kept is not of this form. */
export function fromKept(kept: string, apart: Apart): unknown {
  try {
    const { apart: names, row } = JSON.parse(kept) as { apart: (keyof Apart)[]; row: Record<string, unknown> };
    return { ...row, ...Object.fromEntries(names.map((name) => [name, apart[name]])) };
  } catch {
    return undefined;
  }
}
