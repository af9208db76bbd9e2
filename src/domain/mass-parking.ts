/** Over this share of unreadable rows an answer no longer has bad rows in it: it is another answer than ours. */
const SHARE = 0.2;
/** Fewer unreadable rows prove nothing, whatever their share: a thread may hold two messages, and both be broken. */
const ROWS = 5;

export interface Unreadable {
  /** Rows that could not be read and were not parked before. */
  fresh: number;
  rows: number;
}

/**
 * Whether so much cannot be read that parking would hide a change of the provider instead of setting items aside. Judged on the
 * page itself, and on the newest pages together, since most threads are too short to show it alone. Rows that stand parked
 * already do not count: what a person has let pass must not stop the source for ever.
 */
export const isMassParking = (page: Unreadable, recent: Unreadable): boolean =>
  [page, recent].some(({ fresh, rows }) => fresh >= ROWS && fresh > SHARE * rows);
