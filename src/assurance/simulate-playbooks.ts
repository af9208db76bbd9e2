import { decidingText } from '../classify/plain-text.js';
import { factsOf } from '../delivery/choose.js';
import { wordsOf } from '../delivery/deciding-words.js';
import { readMailedForm } from '../delivery/mailed-form.js';
import type { ActionKind, Choice } from '../domain/actions.js';
import type { Form } from '../domain/forms.js';
import { understandRecalled } from '../domain/recalled.js';
import { triage } from '../domain/triage.js';
import type { ClassifierChain } from '../domain/understanding.js';
import type { Sql } from '../ledger/database.js';
import type { CarriedMessage, MessageContent } from '../ledger/lifecycles.js';
import { readModelAnswer } from '../ledger/model-answers.js';
import { submissionOf } from '../ledger/same-submission.js';
import { asAbstained, type Chooser } from '../playbooks/chooser.js';

/** What becomes of a message by the playbooks, as far as it can be compared. */
interface Chosen {
  /** Null where none applies. */
  playbook: string | null;
  action: ActionKind;
}

interface Counted {
  count: number;
  /** Ids of messages, the first ones. */
  examples: string[];
}

export interface Simulation {
  /** Inbound messages that were looked at. */
  messages: number;
  /** Messages that never reach a playbook, by why. */
  notDecided: Record<string, number>;
  chosen: (Chosen & Counted & { reason: string | null })[];
  /** Of what was decided then: how many would be decided alike. */
  same: number;
  differences: ({ was: Chosen; now: Chosen } & Counted)[];
  /** Messages that nothing had been decided about, as in `observe`. */
  undecidedThen: number;
  /** Messages that the language model would have been asked about and never was: it counts as silent on them. */
  modelUnasked: number;
}

export interface SimulationOptions {
  since: Date;
  /** Null: all. */
  source: string | null;
  chain: ClassifierChain;
  chooser: Chooser;
  ownAddresses: ReadonlySet<string>;
  /** Whose mailers are known. */
  forms: readonly Form[];
  progress?(done: number): void;
}

interface Row extends MessageContent {
  id: string;
  source: string;
  channel: CarriedMessage['channel'];
  disposition: CarriedMessage['disposition'];
  hasBody: boolean;
  firstSeenAt: Date;
  threadStatus: string;
  repliesSoFar: number;
  isFirstMessage: boolean;
  playbook: string | null;
  action: ActionKind | null;
}

const BATCH = 500;
const EXAMPLES = 5;
/** Endings that the place in the conversation gives, before a playbook is asked. */
const BY_PLACE = ['superseded_by', 'answered_with', 'duplicate_of'];

/**
 * What today's classifiers and playbooks would have chosen for stored messages. Reads alone: nothing is written, sent or started, and
 * of a language model its recorded answers count. The place in the conversation, modes, stops and the guards of replies are not part of it; thread and hours are those of when the message
 * was first seen.
 */
export async function simulatePlaybooks(db: Sql, options: SimulationOptions): Promise<Simulation> {
  const { chain, chooser, ownAddresses, forms, progress } = options;
  const result: Simulation = {
    ...{ messages: 0, notDecided: {}, chosen: [], same: 0, differences: [], undecidedThen: 0, modelUnasked: 0 },
  };
  for await (const row of storedMessages(db, options)) {
    result.messages++;
    progress?.(result.messages);
    const mailed = readMailedForm(forms, row.channel, row);
    const fields = mailed ? mailed.fields : ((await submissionOf(db, row.id))?.fields ?? null);
    const verdict = triage({
      ...{ ...row, ownAddresses },
      text: decidingText(fields?.message ? { text: fields.message, html: null } : row),
      byMailer: mailed !== null,
      submission: fields && { wantsCallback: fields.wantsCallback, hasPhone: fields.phone !== null },
    });
    if (row.disposition !== null && BY_PLACE.includes(row.disposition)) {
      tally(result.notDecided, row.disposition);
      continue;
    }
    if (!('go' in verdict)) {
      tally(result.notDecided, 'wait' in verdict ? 'empty_body' : verdict.reason);
      continue;
    }
    const message = { ...row, route: verdict.go };
    const words = wordsOf(row, mailed?.fields ?? null);
    const { id: messageId, version: bodyVersion } = row;
    const { understanding, isUnasked } = await understandRecalled(chain, words, (classifier) =>
      readModelAnswer(db, { messageId, bodyVersion, classifier }),
    );
    if (isUnasked) result.modelUnasked++;
    const facts = factsOf(
      {
        message,
        content: { from: row.from, subject: words.subject, text: words.text, html: null },
        understood: understanding,
        threadStatus: row.threadStatus,
      },
      { isFirstMessage: row.isFirstMessage, repliesSoFar: row.repliesSoFar, at: row.firstSeenAt },
    );
    const choice = chooser.choose(facts);
    account(result, row, understanding.abstained ? asAbstained(choice) : choice);
  }
  const byCount = (a: Counted, b: Counted) => b.count - a.count;
  result.chosen.sort(byCount);
  result.differences.sort(byCount);
  return result;
}

function tally(counts: Record<string, number>, why: string): void {
  counts[why] = (counts[why] ?? 0) + 1;
}

function account(result: Simulation, row: Row, { playbook, action }: Choice): void {
  const now: Chosen = { playbook: playbook?.name ?? null, action: action.do };
  const reason = action.do === 'escalate' ? action.reason : null;
  count(result.chosen, { ...now, reason }, row.id);
  if (row.action === null) {
    result.undecidedThen++;
    return;
  }
  const was: Chosen = { playbook: row.playbook, action: row.action };
  if (isAlike(was, now)) result.same++;
  else count(result.differences, { was, now }, row.id);
}

const isAlike = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Adds a message to the entry of its kind. */
function count<K extends object>(entries: (K & Counted)[], kind: K, id: string): void {
  const found = entries.find(({ count: _count, examples: _examples, ...rest }) => isAlike(rest, kind));
  if (found === undefined) entries.push({ ...kind, count: 1, examples: [id] });
  else {
    found.count++;
    if (found.examples.length < EXAMPLES) found.examples.push(id);
  }
}

/** Inbound messages first seen since an instant, oldest first, with their thread as it stood then. */
async function* storedMessages(
  db: Sql,
  { since, source }: Pick<SimulationOptions, 'since' | 'source'>,
): AsyncGenerator<Row> {
  let [afterAt, afterId] = [since, '00000000-0000-0000-0000-000000000000'];
  for (;;) {
    const rows = await db.$queryRaw<Row[]>`
      SELECT m.id, m.source, m.channel, m.disposition, m.has_body AS "hasBody", m.first_seen_at AS "firstSeenAt",
             t.status AS "threadStatus", b.version, b.from_address AS "from", b.subject, b.text, b.html, b.headers,
             d.playbook, d.action,
             (SELECT count(*)::int FROM message o
              WHERE o.thread_id = m.thread_id AND o.disposition = 'answered' AND o.ended_at <= m.first_seen_at) AS "repliesSoFar",
             NOT EXISTS (SELECT 1 FROM message o WHERE o.thread_id = m.thread_id AND o.id <> m.id
               AND ((o.direction = 'outbound'
                     AND COALESCE(o.origin_at, o.first_seen_at) < COALESCE(m.origin_at, m.first_seen_at))
                    OR (o.direction = 'inbound' AND o.ended_at <= m.first_seen_at))) AS "isFirstMessage"
      FROM message m JOIN thread t ON t.id = m.thread_id
      CROSS JOIN LATERAL (SELECT version, from_address, subject, text, html, headers FROM message_body
        WHERE message_id = m.id ORDER BY version DESC LIMIT 1) b
      LEFT JOIN decision d ON d.message_id = m.id
      WHERE m.direction = 'inbound' AND (m.first_seen_at, m.id) > (${afterAt}::timestamptz, ${afterId}::uuid)
        AND (${source}::text IS NULL OR m.source = ${source})
      ORDER BY m.first_seen_at, m.id LIMIT ${BATCH}`;
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < BATCH) return;
    [afterAt, afterId] = [last.firstSeenAt, last.id];
  }
}
