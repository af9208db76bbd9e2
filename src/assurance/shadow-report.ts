import { plainText } from '../classify/plain-text.js';
import type { ActionKind } from '../domain/actions.js';
import { type Bounds, clopperPearson } from '../domain/audit/beta.js';
import { type Agreement, agreementOf, similarity } from '../domain/similarity.js';
import type { Sql } from '../ledger/database.js';

/** A draft beside what a person then sent, by id: both texts stand in the ledger. */
export interface ShadowPair {
  messageId: string;
  draftVersion: number;
  /** Our id of the first outbound message by a person after it in its thread. */
  sentMessageId: string;
  /** From 0 to 1. */
  alike: number;
  agreement: Agreement;
}

export interface PlaybookInShadow {
  playbook: string;
  /** Messages for which it would have sent a reply. */
  drafts: number;
  /** Of those, in whose thread a person has answered since; the others are not judged. */
  matched: number;
  same: number;
  edited: number;
  other: number;
  /** Share of `same` among the matched with its exact 95 % interval; null while nothing is matched. */
  agreement: ({ share: number } & Bounds) | null;
  /** Mean likeness of the matched; null while nothing is matched. */
  meanAlike: number | null;
  /** The pairs that are least alike first: what to read before going live. */
  examples: ShadowPair[];
}

export interface ShadowReport {
  since: Date | null;
  playbooks: PlaybookInShadow[];
  /** What would have been done with the messages that were decided in shadow, replies included. */
  decided: { playbook: string | null; action: ActionKind; messages: number }[];
}

interface PairRow {
  messageId: string;
  version: number;
  playbook: string | null;
  draft: string | null;
  sentId: string | null;
  text: string | null;
  html: string | null;
}

/** One report looks at so many drafts, the newest. */
const MOST_DRAFTS = 20_000;
const EXAMPLES = 10;

/**
 * Matches what would have been sent in shadow with what people then sent: each message's newest draft with the first outbound message
 * by a person that was seen in its thread after the draft. Measured, never judged: the figures are what a person decides on.
 */
export async function shadowReport(
  db: Sql,
  { source, since }: { source: string | null; since: Date | null },
): Promise<ShadowReport> {
  const rows = await db.$queryRaw<PairRow[]>`
    SELECT d.message_id AS "messageId", d.version, d.playbook, d.text AS draft, sent.id AS "sentId", sent.text, sent.html
    FROM (SELECT DISTINCT ON (message_id) * FROM draft
          WHERE purpose = 'shadow' AND text IS NOT NULL AND (${since}::timestamptz IS NULL OR written_at >= ${since}::timestamptz)
          ORDER BY message_id, version DESC) d
    JOIN message m ON m.id = d.message_id AND (${source}::text IS NULL OR m.source = ${source}::text)
    LEFT JOIN LATERAL (
      SELECT o.id, b.text, b.html FROM message o
      JOIN LATERAL (SELECT text, html FROM message_body WHERE message_id = o.id ORDER BY version DESC LIMIT 1) b ON true
      WHERE o.thread_id = m.thread_id AND o.direction = 'outbound' AND o.reason = 'person_reply' AND o.first_seen_at > d.written_at
        AND (o.origin_at IS NULL OR o.origin_at >= LEAST(COALESCE(m.origin_at, m.first_seen_at), m.first_seen_at))
      ORDER BY COALESCE(o.origin_at, o.first_seen_at), o.id LIMIT 1) sent ON true
    ORDER BY d.written_at DESC, d.message_id LIMIT ${MOST_DRAFTS}`;
  const decided = await db.$queryRaw<ShadowReport['decided']>`
    SELECT d.playbook, d.action, count(*)::int AS messages FROM decision d JOIN message m ON m.id = d.message_id
    WHERE d.mode = 'shadow' AND (${since}::timestamptz IS NULL OR d.decided_at >= ${since}::timestamptz)
      AND (${source}::text IS NULL OR m.source = ${source}::text)
    GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2`;
  const byPlaybook = new Map<string, PairRow[]>();
  for (const row of rows) {
    const of = byPlaybook.get(row.playbook ?? 'none');
    if (of) of.push(row);
    else byPlaybook.set(row.playbook ?? 'none', [row]);
  }
  const playbooks = [...byPlaybook].map(([playbook, drafts]) => ({ playbook, ...figuresOf(drafts) }));
  return {
    since,
    playbooks: playbooks.sort((a, b) => b.drafts - a.drafts || (a.playbook < b.playbook ? -1 : 1)),
    decided,
  };
}

function figuresOf(rows: readonly PairRow[]): Omit<PlaybookInShadow, 'playbook'> {
  const pairs = rows.flatMap(({ messageId, version, draft, sentId, text, html }): ShadowPair[] => {
    if (sentId === null) return [];
    const alike = similarity(draft ?? '', ownWords(plainText({ text, html })));
    return [{ messageId, draftVersion: version, sentMessageId: sentId, alike, agreement: agreementOf(alike) }];
  });
  const count = (agreement: Agreement) => pairs.filter((pair) => pair.agreement === agreement).length;
  const [matched, same] = [pairs.length, count('same')];
  return {
    drafts: rows.length,
    matched,
    same,
    edited: count('edited'),
    other: count('other'),
    agreement: matched === 0 ? null : { share: same / matched, ...clopperPearson(same, matched) },
    meanAlike: matched === 0 ? null : pairs.reduce((sum, { alike }) => sum + alike, 0) / matched,
    examples: pairs.toSorted((a, b) => a.alike - b.alike || (a.messageId < b.messageId ? -1 : 1)).slice(0, EXAMPLES),
  };
}

/** What the person wrote, without the mail that they answered below it. */
function ownWords(text: string): string {
  const lines = text.split('\n');
  const quoted = lines.findIndex((line) => /^\s*(-{2,} ?original message|_{10,}|on .{5,200} wrote:\s*$)/i.test(line));
  const own = quoted > 0 ? lines.slice(0, quoted) : lines;
  return own.filter((line) => !/^\s*>/.test(line)).join('\n');
}
