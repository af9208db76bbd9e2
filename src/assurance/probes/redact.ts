const MOST_FIELDS = 30;
const DEEPEST = 4;

/**
 * A row of a provider as its shape alone: names of fields, and of each value its type and length. Nothing that somebody wrote is left
 * in it, so that it may be shown anywhere.
 */
export function redact(raw: string): string {
  try {
    return JSON.stringify(shapeOf(JSON.parse(raw), 0));
  } catch {
    return `text of ${raw.length} characters that is no JSON`;
  }
}

function shapeOf(value: unknown, depth: number): unknown {
  if (value === null) return null;
  if (typeof value === 'string') return `text of ${value.length}`;
  if (typeof value !== 'object') return typeof value;
  if (depth >= DEEPEST) return '…';
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0], depth + 1), `${value.length} in all`];
  const fields = Object.entries(value).slice(0, MOST_FIELDS);
  return Object.fromEntries(fields.map(([name, one]) => [name.slice(0, 60), shapeOf(one, depth + 1)]));
}
