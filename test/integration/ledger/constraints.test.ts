import pg from 'pg';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ROLES } from '../../../src/domain/access.js';
import { ACTIONS } from '../../../src/domain/actions.js';
import { ALARM_KINDS, ALARM_STATES } from '../../../src/domain/alarms.js';
import { APPROVAL_VERDICTS, DRAFT_PURPOSES } from '../../../src/domain/approvals.js';
import { FIND_CAUSES, FIND_VERDICTS } from '../../../src/domain/audit/finds.js';
import { REFERENCE_KINDS } from '../../../src/domain/audit/references.js';
import {
  BACKFILL_CAUSES,
  BACKFILL_DIRECTIONS,
  BACKFILL_HOLDS,
  BACKFILL_LISTING_OUTCOMES,
  BACKFILL_MODES,
  BACKFILL_ORDERS,
  BACKFILL_STATES,
  BACKFILL_THREAD_STATES,
} from '../../../src/domain/backfill.js';
import { CALL_STATES, CALL_WITNESSES, PHONE_STATUSES } from '../../../src/domain/calls.js';
import { CASE_EVENTS, CASE_RESOLUTIONS } from '../../../src/domain/cases.js';
import { CANARY_PURPOSES, OUTCOMES, VERDICTS } from '../../../src/domain/claims.js';
import { FORM_REFUSALS, SUBMISSION_STATES, SUBMISSION_WAYS } from '../../../src/domain/forms.js';
import { HAND_OFF_STATES } from '../../../src/domain/hand-offs.js';
import { HINT_REFUSALS, HINT_STATES } from '../../../src/domain/hints.js';
import { LIFECYCLE_EVENTS } from '../../../src/domain/lifecycle-events.js';
import { CHANNELS, DIRECTIONS } from '../../../src/domain/message.js';
import { BREAKER_STATES, PACE_REASONS } from '../../../src/domain/pacing.js';
import { ESCALATE_REASONS, MESSAGE_REASONS, PARK_REASONS } from '../../../src/domain/reasons.js';
import { VISIT_CLASSES } from '../../../src/domain/schedule/visit-class.js';
import {
  ATTACHMENT_STATES,
  CASE_STATES,
  DISPOSITIONS,
  FIRST_SEEN_BY,
  MODES,
  OUTBOX_STATES,
  PARK_KINDS,
  PARK_STATES,
  ROUTES,
  STATES,
  WAITING_KINDS,
} from '../../../src/domain/states.js';
import { MODEL_ANSWERS } from '../../../src/domain/understanding.js';
import { testDatabase } from '../../support/servers.js';

/** The closed table that each check constraint repeats. */
const TABLES: Record<string, Record<string, string>> = {
  alarm_kind_check: ALARM_KINDS,
  alarm_state_check: ALARM_STATES,
  approval_verdict_check: APPROVAL_VERDICTS,
  attachment_state_check: ATTACHMENT_STATES,
  audit_find_cause_check: FIND_CAUSES,
  audit_find_verdict_check: FIND_VERDICTS,
  backfill_direction_check: BACKFILL_DIRECTIONS,
  backfill_find_cause_check: BACKFILL_CAUSES,
  backfill_hold_check: BACKFILL_HOLDS,
  backfill_listing_outcome_check: BACKFILL_LISTING_OUTCOMES,
  backfill_mode_check: BACKFILL_MODES,
  backfill_order_verb_check: BACKFILL_ORDERS,
  backfill_state_check: BACKFILL_STATES,
  backfill_thread_state_check: BACKFILL_THREAD_STATES,
  call_attempt_first_seen_by_check: CALL_WITNESSES,
  call_report_via_check: CALL_WITNESSES,
  call_state_check: CALL_STATES,
  call_status_check: PHONE_STATUSES,
  phone_call_first_seen_by_check: CALL_WITNESSES,
  canary_purpose_check: CANARY_PURPOSES,
  case_event_kind_check: CASE_EVENTS,
  case_reason_check: ESCALATE_REASONS,
  case_resolution_check: CASE_RESOLUTIONS,
  case_state_check: CASE_STATES,
  decision_action_check: ACTIONS,
  decision_mode_check: MODES,
  draft_purpose_check: DRAFT_PURPOSES,
  form_refusal_cause_check: FORM_REFUSALS,
  hand_off_state_check: HAND_OFF_STATES,
  hint_refusal_cause_check: HINT_REFUSALS,
  hint_state_check: HINT_STATES,
  claim_observation_outcome_check: OUTCOMES,
  claim_turn_after_check: VERDICTS,
  claim_turn_before_check: VERDICTS,
  claim_verdict_check: VERDICTS,
  lifecycle_event_kind_check: LIFECYCLE_EVENTS,
  message_channel_check: CHANNELS,
  message_direction_check: DIRECTIONS,
  message_disposition_check: DISPOSITIONS,
  message_first_seen_by_check: FIRST_SEEN_BY,
  message_reason_check: MESSAGE_REASONS,
  message_reference_kind_check: REFERENCE_KINDS,
  message_route_check: ROUTES,
  message_state_check: STATES,
  message_waiting_kind_check: WAITING_KINDS,
  model_answer_reason_check: MODEL_ANSWERS,
  mode_setting_mode_check: MODES,
  mode_setting_route_check: ROUTES,
  outbox_state_check: OUTBOX_STATES,
  pacer_breaker_check: BREAKER_STATES,
  pacer_reason_check: PACE_REASONS,
  park_kind_check: PARK_KINDS,
  park_reason_check: PARK_REASONS,
  park_state_check: PARK_STATES,
  source_mode_check: MODES,
  submission_first_seen_by_check: FIRST_SEEN_BY,
  submission_state_check: SUBMISSION_STATES,
  submission_way_check: SUBMISSION_WAYS,
  thread_visit_class_check: VISIT_CLASSES,
  visit_exposure_class_check: VISIT_CLASSES,
  thread_first_seen_by_check: FIRST_SEEN_BY,
  token_role_check: ROLES,
};

/** Lists that stand in the migration alone, because nothing else knows them. */
const WITHOUT_TABLE = [
  'answer_claim_kind_check',
  'audit_method_check',
  'audit_thread_outcome_check',
  'attachment_stored_in_check',
  'marker_kind_check',
  'message_hold_check',
  'outbox_kind_check',
  'park_action_action_check',
  'poll_window_outcome_check',
  'provider_call_operation_check',
  'source_stopped_reason_check',
];

async function open(): Promise<{ client: pg.Client; close(): Promise<void> }> {
  const database = await testDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  return {
    client,
    async close() {
      await client.end();
      await database.drop();
    },
  };
}

async function connect(): Promise<pg.Client> {
  const { client, close } = await open();
  onTestFinished(close);
  return client;
}

/** Check constraints that are a list of words, with the words, as Postgres has them. */
async function listsOf(client: pg.Client): Promise<Map<string, string[]>> {
  const { rows } = await client.query<{ name: string; definition: string }>(`
    SELECT conname AS name, pg_get_constraintdef(c.oid) AS definition FROM pg_constraint c
    JOIN pg_class t ON t.oid = c.conrelid
    WHERE contype = 'c' AND connamespace = 'public'::regnamespace AND NOT t.relispartition`);
  const isList = /^CHECK \(\((\(?\w+\)? = (ANY \(ARRAY\[.*\]\)|'\w+'::text))\)\)$/;
  return new Map(
    rows
      .filter((row) => isList.test(row.definition))
      .map((row) => [
        row.name,
        [...row.definition.matchAll(/'([\w-]+)'::text/g)].map((match) => match[1] ?? '').sort(),
      ]),
  );
}

describe('check constraints and the closed tables of the domain', () => {
  let lists: Map<string, string[]>;

  beforeAll(async () => {
    const { client, close } = await open();
    lists = await listsOf(client);
    await close();
  });

  it('every list in the database is one of the tables, or is known to have none', () => {
    expect([...lists.keys()].sort()).toEqual([...Object.keys(TABLES), ...WITHOUT_TABLE].sort());
  });

  it.each(Object.entries(TABLES))('%s allows exactly the words of its table', (name, table) => {
    expect(lists.get(name)).toEqual(Object.keys(table).sort());
  });

  it('a word too many in the database is noticed, so that the tests above can fail', async () => {
    const client = await connect();
    await client.query(`ALTER TABLE source DROP CONSTRAINT source_mode_check,
      ADD CONSTRAINT source_mode_check CHECK (mode IN ('observe', 'shadow', 'approve', 'live', 'planted'))`);
    expect((await listsOf(client)).get('source_mode_check')).not.toEqual(Object.keys(MODES).sort());
  });
});

describe('a message row cannot be silent about its place', () => {
  const insert = `
    INSERT INTO message (source, provider_message_id, thread_id, twin_group_id, channel, direction, first_seen_at, first_seen_by,
      first_call_id, reading_id, activity_at, arrival_known, content_hash, has_body, adapter_version,
      state, waiting_kind, disposition, reason, ended_at, case_id)
    SELECT 's', 'm', id, id, 'email', 'inbound', now(), 'poll', id, id, now(), false, 'h', true, 'test/1', $1, $2, $3, $4, $5, $6
    FROM (SELECT uuidv7() AS id) AS one`;
  const NOW = new Date('2026-03-02T12:00:00Z');
  const CASE = '0198c0de-0000-7000-8000-000000000001';

  it.each([
    ['ended without a disposition', ['ended', null, null, 'twin', NOW, null]],
    ['ended without an instant', ['ended', null, 'ignored', 'bulk_mail', null, null]],
    ['ended without a reason', ['ended', null, 'ignored', null, NOW, null]],
    ['parked without a reason', ['parked', null, null, null, null, null]],
    ['waiting for nothing', ['waiting', null, null, null, null, null]],
    ['carried and waiting', ['carried', 'body', null, null, null, null]],
    ['carried with a reason', ['carried', null, null, 'bulk_mail', null, null]],
    ['recorded with a disposition', ['recorded', null, 'ignored', null, NOW, null]],
    ['escalated without a case', ['ended', null, 'escalated', 'unknown_intent', NOW, null]],
  ])('%s is refused', async (_, values) => {
    const client = await connect();
    await expect(client.query(insert, values)).rejects.toThrow('message_ending_check');
  });

  it('an ending with disposition, reason and instant is taken, and so is each other state', async () => {
    const client = await connect();
    for (const values of [
      ['ended', null, 'escalated', 'unknown_intent', NOW, CASE],
      ['parked', null, null, 'decision_failed', null, null],
      ['waiting', 'body', null, null, null, null],
      ['carried', null, null, null, null, null],
      ['recorded', null, null, null, null, null],
    ]) {
      await client.query(insert, values);
      await client.query('DELETE FROM message');
    }
  });
});
