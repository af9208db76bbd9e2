import { z } from 'zod';
import { readDigest } from '../../assurance/digest.js';
import { CASE_EVENTS, CASE_RESOLUTIONS } from '../../domain/cases.js';
import { HAND_OFF_OUTCOMES, HAND_OFF_STATES } from '../../domain/hand-offs.js';
import { caseWorkflowId } from '../../domain/identity.js';
import { ESCALATE_REASONS } from '../../domain/reasons.js';
import { CASE_STATES } from '../../domain/states.js';
import {
  assignCase,
  caseEvents,
  caseMessages,
  findCase,
  listCases,
  reopenCase,
  resolveByPerson,
} from '../../ledger/case-desk.js';
import { listHandOffs, OPEN_HAND_OFFS } from '../../ledger/hand-offs.js';
import { OwnId, wordsOf } from '../page.js';
import type { ApiApp, ApiParts } from '../parts.js';
import { problem, refusals } from '../problems.js';
import { createWaker } from '../waker.js';

const Limit = z.coerce.number().int().min(1).max(1_000).default(100);
const Id = z.object({ id: OwnId });

const KnownCase = z
  .object({
    id: z.uuid(),
    source: z.string(),
    threadId: z.uuid(),
    messageId: z.uuid(),
    reason: wordsOf(ESCALATE_REASONS),
    state: wordsOf(CASE_STATES),
    owner: z.string().nullable(),
    openedAt: z.date(),
    dueAt: z.date().nullable(),
    nextAt: z.date().nullable(),
    reminders: z.number(),
    overdue: z.number().describe('how often people were told that it is overdue'),
    resolvedAt: z.date().nullable(),
    resolution: wordsOf(CASE_RESOLUTIONS).nullable(),
    resolvedBy: z.string().nullable(),
    replyId: z.uuid().nullable(),
    joinedInto: z.uuid().nullable(),
    tookMs: z.number().nullable(),
    messages: z.number(),
  })
  .meta({ id: 'Case' });

const CaseEvent = z
  .object({
    at: z.date(),
    kind: wordsOf(CASE_EVENTS),
    actor: z.string(),
    detail: z
      .record(z.string(), z.unknown())
      .describe('ids, counts and names; the note of a person, where one was left'),
  })
  .meta({ id: 'CaseEvent' });

const KnownHandOff = z
  .object({
    messageId: z.uuid(),
    source: z.string(),
    platform: z.string(),
    webhookId: z.string(),
    state: wordsOf(HAND_OFF_STATES),
    attempts: z.number(),
    preparedAt: z.date(),
    deadlineAt: z.date(),
    acknowledgedAt: z.date().nullable(),
    endedAt: z.date().nullable(),
    outcome: z
      .object({ status: wordsOf(HAND_OFF_OUTCOMES), reference: z.string().nullable(), reason: z.string().nullable() })
      .nullable(),
    outcomeAt: z.date().nullable(),
  })
  .meta({ id: 'HandOff' });

const Counts = z.record(z.string(), z.number());
const KnownDigest = z
  .object({
    since: z.date(),
    until: z.date(),
    cases: z.object({
      opened: z.number(),
      resolved: z.number(),
      resolutions: Counts,
      open: z.number(),
      unassigned: z.number(),
      overdue: z.number(),
      tookMs: z.object({ median: z.number(), p95: z.number() }).nullable(),
      oldestOpenedAt: z.date().nullable(),
      overdueIds: z.array(z.uuid()),
    }),
    messages: z.object({
      recorded: z.number(),
      ended: Counts,
      waiting: Counts,
      parked: z.object({ intake: z.number(), lifecycle: z.number() }),
    }),
    handOffs: z.object({ states: Counts, acknowledged: z.number(), overdueIds: z.array(z.uuid()) }),
    alarms: z.object({ open: z.number() }),
  })
  .meta({ id: 'Digest' });

/** Work of people, and what outside platforms have: lists for those who look, verbs for those who work. */
export function addCaseRoutes(app: ApiApp, parts: ApiParts): void {
  const { db, clock } = parts;
  app.get(
    '/cases',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'Cases, open ones first, the nearest deadline first',
        querystring: z.strictObject({
          state: z.enum(['open', 'resolved', 'all']).default('open'),
          owner: z.string().max(120).optional(),
          source: z.string().max(60).optional(),
          overdue: z.enum(['true', 'false']).default('false').describe('past their deadline alone'),
          limit: Limit,
        }),
        response: { 200: z.object({ cases: z.array(KnownCase) }) },
      },
    },
    async ({ query: { state, owner = null, source = null, overdue, limit } }) => ({
      cases: await listCases(db, {
        state: state === 'all' ? null : state,
        owner,
        source,
        overdueAt: overdue === 'true' ? clock.now() : null,
        limit,
      }),
    }),
  );
  app.get(
    '/cases/:id',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'One case with what was done, and the ids of the messages that it is about',
        params: Id,
        response: {
          200: z.object({ case: KnownCase, events: z.array(CaseEvent), messageIds: z.array(z.uuid()) }),
          ...refusals(404),
        },
      },
    },
    async ({ params: { id } }, reply) => {
      const found = await findCase(db, id);
      if (!found) return reply.code(404).send(problem('not_found', 'There is no such case.'));
      return reply
        .code(200)
        .send({ case: found, events: await caseEvents(db, id), messageIds: await caseMessages(db, id) });
    },
  );
  addCaseVerbs(app, parts);
  app.get(
    '/hand-offs',
    {
      config: { role: 'viewer' },
      schema: {
        summary:
          'What was handed off to outside platforms; those that somebody still owes something for unless asked otherwise',
        querystring: z.strictObject({
          platform: z.string().max(60).optional(),
          state: z.union([wordsOf(HAND_OFF_STATES), z.literal('all')]).optional(),
          limit: Limit,
        }),
        response: { 200: z.object({ handOffs: z.array(KnownHandOff) }) },
      },
    },
    async ({ query: { platform = null, state, limit } }) => {
      const states = state === undefined ? OPEN_HAND_OFFS : state === 'all' ? [] : [state];
      return { handOffs: await listHandOffs(db, { platform, states, limit }) };
    },
  );
  app.get(
    '/digest',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'What is open, overdue and held, and how long things took, over the last hours',
        querystring: z.strictObject({ hours: z.coerce.number().min(1).max(8_784).default(24) }),
        response: { 200: KnownDigest },
      },
    },
    async ({ query: { hours } }) => {
      const until = clock.now();
      return readDigest(db, { since: new Date(until.getTime() - hours * 3_600_000), until }, until);
    },
  );
}

function addCaseVerbs(app: ApiApp, { db, clock, temporal }: ApiParts): void {
  const { wake } = createWaker(temporal);
  const answers = { 200: z.object({ case: KnownCase }), ...refusals(404, 409) };

  /** The case as it is after a verb, its workflow told; what was refused says whether it is not there or not in a state for it. */
  async function after(id: string, done: boolean) {
    const found = await findCase(db, id);
    if (!found) return { code: 404, body: problem('not_found', 'There is no such case.') } as const;
    if (!done)
      return { code: 409, body: problem('conflict', `The case is ${found.state}, and does not allow that.`) } as const;
    wake([caseWorkflowId(id)]);
    return { code: 200, body: { case: found } } as const;
  }

  app.post(
    '/cases/:id/assign',
    {
      config: { role: 'operator' },
      schema: {
        summary: 'Give an open case to somebody',
        params: Id,
        body: z.strictObject({ to: z.string().trim().min(1).max(120) }),
        response: answers,
      },
    },
    async ({ params: { id }, body: { to }, actor }, reply) => {
      const done = await assignCase(db, { id, by: actor.name, now: clock.now(), to });
      const { code, body } = await after(id, done);
      return reply.code(code).send(body);
    },
  );
  app.post(
    '/cases/:id/resolve',
    {
      config: { role: 'operator' },
      schema: {
        summary: 'Say that an open case is over',
        params: Id,
        body: z.strictObject({ note: z.string().trim().min(1).max(2_000).optional() }),
        response: answers,
      },
    },
    async ({ params: { id }, body: { note = null }, actor }, reply) => {
      const done = await resolveByPerson(db, { id, by: actor.name, now: clock.now(), note });
      const { code, body } = await after(id, done);
      return reply.code(code).send(body);
    },
  );
  app.post(
    '/cases/:id/reopen',
    {
      config: { role: 'operator' },
      schema: { summary: 'Open a resolved case again, with a new deadline', params: Id, response: answers },
    },
    async ({ params: { id }, actor }, reply) => {
      const done = await reopenCase(db, { id, by: actor.name, now: clock.now() });
      const { code, body } = await after(id, done);
      return reply.code(code).send(body);
    },
  );
}
