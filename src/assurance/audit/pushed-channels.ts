import { clopperPearson } from '../../domain/audit/beta.js';
import { CONFIDENCE } from '../../domain/audit/figures.js';
import { countCallWitnesses } from '../../ledger/call-comparison.js';
import { callsListed, statusesCalledBack } from '../../ledger/called-back.js';
import type { Sql } from '../../ledger/database.js';
import { type Cases, submissionsListed, submissionsPushed } from '../../ledger/pushed-submissions.js';
import type { PushedContext } from '../pushed-coverage.js';
import type { ChannelMisses } from './channels.js';

/** A way by which something of a pushed channel comes, with what it missed of what others showed. */
export type PushedMisses = Omit<ChannelMisses, 'channel'> & { source: string; channel: string };

const MINUTE_MS = 60_000;
const SETTLE_MS = 15 * MINUTE_MS;

/** Each way's own miss rate, for every pushed source or for one: webhooks and callbacks by the lists, the lists by what was pushed. */
export async function pushedChannelMisses(db: Sql, { source, at, timing }: Omit<PushedContext, 'forms'>) {
  const sources = await db.$queryRaw<{ name: string; kind: string }[]>`
    SELECT name, kind FROM source
    WHERE kind IN ('forms', 'phone') AND created_at <= ${at} AND (${source}::text IS NULL OR name = ${source}) ORDER BY kind, name`;
  const since = new Date(at.getTime() - timing.claimMemoryMs);
  const settled = new Date(at.getTime() - SETTLE_MS);
  const lines: PushedMisses[] = [];
  for (const { name, kind } of sources) {
    if (kind === 'forms') {
      const first = await firstOfMessages(db, name);
      const pushed = await submissionsPushed(db, name, { since, settled });
      const listed = await submissionsListed(db, name, { since, settleMs: SETTLE_MS, at });
      lines.push(line(name, 'webhook', first, pushed, 'submissions that the list, a canary or a number shows'));
      lines.push(line(name, 'poll', first, listed, 'submissions that a webhook brought before the list was read'));
    } else {
      const witnesses = await countCallWitnesses(db, name);
      const first = new Map<string, number>(witnesses.map(({ via, calls }) => [via, calls]));
      const told = await statusesCalledBack(db, name, { since, settled });
      const listed = await callsListed(db, name, { since, afterMs: MINUTE_MS });
      lines.push(line(name, 'webhook', first, told, 'statuses that were called back, numbered or told by others'));
      lines.push(line(name, 'list', first, listed, 'calls that the provider had accepted a minute before it was read'));
    }
  }
  return lines;
}

function line(
  source: string,
  channel: string,
  first: ReadonlyMap<string, number>,
  { supports, contradicts }: Cases,
  how: string,
): PushedMisses {
  const chances = supports + contradicts;
  const isKnown = chances > 0;
  return {
    ...{ source, channel, first: first.get(channel) ?? 0, how },
    chances: isKnown ? chances : null,
    missed: isKnown ? contradicts : null,
    interval: isKnown ? clopperPearson(contradicts, chances, CONFIDENCE) : null,
  };
}

async function firstOfMessages(db: Sql, source: string): Promise<Map<string, number>> {
  const rows = await db.$queryRaw<{ channel: string; first: number }[]>`
    SELECT first_seen_by AS channel, count(*)::int AS first FROM message WHERE source = ${source} GROUP BY 1`;
  return new Map(rows.map((row) => [row.channel, row.first]));
}
