/**
 * What the bytes of a submission say: JSON, or the pairs of a form (application/x-www-form-urlencoded). Read by their content, so that
 * bytes which were kept can be read again without their headers. Undefined where they are neither.
 */
export function readSubmissionBody(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    if (!/^[^\s=&]{1,200}=[^\s]*$/.test(text.trim())) return undefined;
    const pairs = new Map<string, string | string[]>();
    for (const [name, value] of new URLSearchParams(text.trim())) {
      const before = pairs.get(name);
      pairs.set(name, before === undefined ? value : [before, value].flat());
    }
    return Object.fromEntries(pairs);
  }
}
