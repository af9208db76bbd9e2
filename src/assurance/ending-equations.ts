import type { Sql } from '../ledger/database.js';
import { equation, type Sides } from './equation.js';

export const ledgerToEnding = (db: Sql) =>
  equation(
    'ledger to ending',
    'inbound stored = ended + waiting + parked in lifecycle + in flight',
    db.$queryRaw<Sides[]>`
      SELECT count(*)::int AS left,
             count(*) FILTER (WHERE state IN ('ended', 'waiting', 'parked', 'recorded', 'carried'))::int AS right
      FROM message WHERE direction = 'inbound'`,
    db.$queryRaw<{ id: string }[]>`
      SELECT id::text FROM message
      WHERE (direction = 'outbound' AND state <> 'ended')
         OR (state = 'ended' AND (disposition IS NULL OR reason IS NULL))
         OR (disposition IN ('answered_with', 'superseded_by', 'duplicate_of') AND NOT EXISTS (
               SELECT 1 FROM message other WHERE other.id = message.other_message_id))`,
  );

export const statesToEvents = (db: Sql) =>
  equation(
    'states to events',
    'every message has the event of its recording, and every ended one the event of that ending as its newest state',
    db.$queryRaw<Sides[]>`
      SELECT (SELECT count(*)::int FROM message) AS left,
             (SELECT count(DISTINCT message_id)::int FROM lifecycle_event WHERE kind = 'recorded') AS right`,
    db.$queryRaw<{ id: string }[]>`
      SELECT m.id::text FROM message m
      WHERE m.state = 'ended' AND m.disposition IS DISTINCT FROM (
        SELECT e.detail ->> 'disposition' FROM lifecycle_event e
        WHERE e.message_id = m.id AND e.kind IN ('ended', 'reopened') ORDER BY e.seq DESC LIMIT 1)`,
  );

export const answeredToOutbox = (db: Sql) =>
  equation(
    'answers to replies',
    'messages ended answered = replies that the provider accepted for them',
    db.$queryRaw<Sides[]>`
      SELECT (SELECT count(*)::int FROM message WHERE disposition = 'answered') AS left,
             (SELECT count(*)::int FROM outbox JOIN message ON message.id = outbox.message_id
              WHERE outbox.state = 'accepted' AND message.disposition = 'answered') AS right`,
    db.$queryRaw<{ id: string }[]>`
      SELECT m.id::text FROM message m
      WHERE m.disposition = 'answered' AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.message_id = m.id AND o.state = 'accepted')
      UNION ALL
      SELECT o.message_id::text FROM outbox o JOIN message m ON m.id = o.message_id
      WHERE m.state = 'ended' AND o.state IN ('pending', 'looking', 'posting', 'doubtful')`,
  );

export const claimsToOutbox = (db: Sql) =>
  equation(
    'replies to claims',
    'no twin group has more than one reply that was executed or may have been',
    db.$queryRaw<Sides[]>`
      SELECT count(*)::int AS left, count(DISTINCT m.twin_group_id)::int AS right
      FROM outbox o JOIN message m ON m.id = o.message_id WHERE o.state IN ('posting', 'doubtful', 'accepted', 'unconfirmed')`,
    db.$queryRaw<{ id: string }[]>`
      SELECT m.twin_group_id::text AS id FROM outbox o JOIN message m ON m.id = o.message_id
      WHERE o.state IN ('posting', 'doubtful', 'accepted', 'unconfirmed') GROUP BY 1 HAVING count(*) > 1`,
  );

export const escalatedToCases = (db: Sql) =>
  equation(
    'escalations to cases',
    'every escalated message has its case',
    db.$queryRaw<Sides[]>`
      SELECT count(*)::int AS left, count("case".id)::int AS right
      FROM message LEFT JOIN "case" ON "case".id = message.case_id WHERE disposition = 'escalated'`,
    db.$queryRaw<{ id: string }[]>`
      SELECT m.id::text FROM message m WHERE m.disposition = 'escalated'
        AND NOT EXISTS (SELECT 1 FROM "case" c WHERE c.id = m.case_id)`,
  );

export const casesToResolution = (db: Sql) =>
  equation(
    'cases',
    'opened = resolved + open',
    db.$queryRaw<Sides[]>`
      SELECT count(*)::int AS left, count(*) FILTER (WHERE state IN ('open', 'resolved'))::int AS right FROM "case"`,
    db.$queryRaw<{ id: string }[]>`
      SELECT c.id::text FROM "case" c WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.id = c.message_id)`,
  );

export const handOffsToOutcomes = (db: Sql) =>
  equation(
    'hand-offs to outcomes',
    'acknowledged = done + failed + overdue + open, each with its events, and no message ended by an outcome that nobody reported',
    db.$queryRaw<Sides[]>`
      SELECT (SELECT count(DISTINCT message_id)::int FROM lifecycle_event WHERE kind = 'handed_off') AS left,
             (SELECT count(*)::int FROM hand_off WHERE state IN ('done', 'failed', 'overdue', 'acknowledged')) AS right`,
    db.$queryRaw<{ id: string }[]>`
      SELECT h.message_id::text AS id FROM hand_off h
      WHERE (h.acknowledged_at IS NOT NULL) <> EXISTS (
              SELECT 1 FROM lifecycle_event e WHERE e.message_id = h.message_id AND e.kind = 'handed_off')
         OR (h.outcome IS NOT NULL) <> EXISTS (
              SELECT 1 FROM lifecycle_event e WHERE e.message_id = h.message_id AND e.kind = 'outcome_reported')
      UNION
      SELECT m.id::text FROM message m
      WHERE m.disposition = 'handed_off_done' AND NOT EXISTS (SELECT 1 FROM hand_off h WHERE h.message_id = m.id AND h.state = 'done')
      UNION
      SELECT m.id::text FROM message m
      WHERE m.waiting_kind = 'outcome' AND NOT EXISTS (SELECT 1 FROM hand_off h WHERE h.message_id = m.id)`,
  );
