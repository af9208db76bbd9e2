import type { Sql } from './database.js';

/** What was understood since an instant: for people and metrics, no content. */
export interface ClassifierFigures {
  since: Date;
  /** Messages whose newest carry was understood since. */
  understood: number;
  abstained: number;
  /** Null where nothing was understood. */
  shareAbstained: number | null;
  /** By who decided, with the version. */
  classifiers: { classifier: string; messages: number; abstained: number; meanConfidence: number }[];
  /** The label mix, the most frequent first. */
  labels: { label: string; messages: number; share: number }[];
}

export async function classifierFigures(db: Sql, since: Date): Promise<ClassifierFigures> {
  const rows = await db.$queryRaw<
    { classifier: string; label: string; messages: number; abstained: number; confidence: number }[]
  >`
    SELECT classifier, label, count(*)::int AS messages, (count(*) FILTER (WHERE abstained))::int AS abstained,
           sum(confidence) AS confidence
    FROM decision WHERE understood_at >= ${since} GROUP BY classifier, label`;
  const understood = sum(rows.map((row) => row.messages));
  const abstained = sum(rows.map((row) => row.abstained));
  const classifiers = grouped(rows, (row) => row.classifier).map(([classifier, own]) => {
    const messages = sum(own.map((row) => row.messages));
    const meanConfidence = sum(own.map((row) => row.confidence)) / messages;
    return { classifier, messages, abstained: sum(own.map((row) => row.abstained)), meanConfidence };
  });
  const labels = grouped(rows, (row) => row.label).map(([label, own]) => {
    const messages = sum(own.map((row) => row.messages));
    return { label, messages, share: messages / understood };
  });
  return {
    since,
    understood,
    abstained,
    shareAbstained: understood === 0 ? null : abstained / understood,
    classifiers: classifiers.sort((a, b) => b.messages - a.messages),
    labels: labels.sort((a, b) => b.messages - a.messages || (a.label < b.label ? -1 : 1)),
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function grouped<T>(rows: readonly T[], key: (row: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const row of rows) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
  return [...groups];
}
