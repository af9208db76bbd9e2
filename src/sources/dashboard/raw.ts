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
