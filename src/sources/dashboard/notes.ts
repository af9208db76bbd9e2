const MOST_NAMES = 50;

/**
 * What was seen in an answer that its contract does not name, by name with how often: unknown fields as they are called
 * (`page.` before those of the envelope, `from.`, `to.` or `attachments.` before those inside a row), and after a colon the
 * fields that had to be altered (`unstorable:text`) or guessed (`zoneless:received_at`).
 */
export class Notes {
  readonly #counts = new Map<string, number>();

  add(name: string, count = 1): void {
    const short = toStorable(name).slice(0, 100);
    const key = this.#counts.has(short) || this.#counts.size < MOST_NAMES ? short : 'further names';
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
  }

  /** Counts the keys of an object that are not in the contract. */
  addUnknown(prefix: string, found: object, known: ReadonlySet<string>): void {
    for (const name of Object.keys(found)) if (!known.has(name)) this.add(prefix + name);
  }

  /** Text that Postgres can hold, with a note where it had to be altered for that. */
  storable(field: string, text: string): string {
    const safe = toStorable(text);
    if (safe !== text) this.add(`unstorable:${field}`);
    return safe;
  }

  counts(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}

/** Postgres text holds neither U+0000 nor half of a surrogate pair: each becomes U+FFFD, everything else stays as it is. */
export const toStorable = (text: string): string => text.replace(/\p{Surrogate}|\0/gu, '\uFFFD');
