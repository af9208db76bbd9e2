import { z } from 'zod';
import { APPROVAL_VERDICTS, type ApprovalVerdict, UNSETTLED, type Unsettled } from '../../domain/approvals.js';
import { editDraft, listApprovals, readApproval } from '../../ledger/approvals.js';
import { readDrafts } from '../../ledger/drafts.js';
import { OwnId } from '../page.js';
import type { ApiApp } from '../parts.js';
import { type Problem, problem, refusals } from '../problems.js';
import { type Settling, settleAndTell } from '../settle-approval.js';

const LONGEST_TEXT = 100_000;

const Verdict = z.enum(Object.keys(APPROVAL_VERDICTS) as [ApprovalVerdict, ...ApprovalVerdict[]]);

const Stands = {
  messageId: z.uuid(),
  askedAt: z.date(),
  dueAt: z.date(),
  verdict: Verdict.nullable(),
  settledAt: z.date().nullable(),
  settledBy: z.string().nullable(),
  note: z.string().nullable(),
};
const Listed = z.object({
  ...Stands,
  source: z.string(),
  route: z.string().nullable(),
  label: z.string().nullable(),
  playbook: z.string().nullable(),
  action: z.string(),
  newestVersion: z.int(),
});
const Shown = z.object({
  ...Stands,
  drafts: z.array(
    z.object({
      version: z.int(),
      action: z.string(),
      text: z.string().nullable().describe('what would be sent'),
      writtenAt: z.date(),
      writtenBy: z.string(),
    }),
  ),
});
const Settled = z.object({
  verdict: z.enum(['approved', 'rejected']),
  version: z.int(),
  told: z.boolean().describe('whether its lifecycle has heard of it; else it does when a worker dispatches'),
});

const params = z.object({ id: OwnId });
const refusal = (because: Unsettled): Problem =>
  problem(because === 'not_asked' ? 'not_found' : 'conflict', `${UNSETTLED[because]}.`, because);
const statusOf = (because: Unsettled): 404 | 409 => (because === 'not_asked' ? 404 : 409);

/** Drafts that wait for a person: look, edit, approve, reject. What a customer wrote is in none of them. */
export function addApprovalsRoutes(app: ApiApp, parts: Settling): void {
  const { db, clock } = parts;
  app.get(
    '/approvals',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'Drafts that wait for a person, the one that is due first before the others',
        querystring: z.strictObject({ all: z.enum(['true', 'false']).optional().describe('decided ones as well') }),
        response: { 200: z.object({ approvals: z.array(Listed) }) },
      },
    },
    async ({ query }) => ({ approvals: await listApprovals(db, { open: query.all !== 'true' }) }),
  );
  app.get(
    '/approvals/:id',
    {
      config: { role: 'operator' },
      schema: {
        summary: 'One of them by our id of the message, with the words of every version of its draft',
        params,
        response: { 200: Shown, ...refusals(404) },
      },
    },
    async ({ params: { id } }, reply) => {
      const approval = await readApproval(db, id);
      if (!approval) return reply.code(404).send(refusal('not_asked'));
      const drafts = (await readDrafts(db, id)).map(({ action, ...draft }) => ({
        ...draft,
        action: action.do,
        text: action.do === 'reply' ? action.text : null,
      }));
      return reply.code(200).send({ ...approval, drafts });
    },
  );
  app.post(
    '/approvals/:id/drafts',
    {
      config: { role: 'operator' },
      schema: {
        summary: 'Other words, as the next version of the draft; nothing is sent by that',
        params,
        body: z.strictObject({ text: z.string().trim().min(1).max(LONGEST_TEXT) }),
        response: { 201: z.object({ version: z.int() }), ...refusals(404, 409) },
      },
      bodyLimit: 512 * 1024,
    },
    async (request, reply) => {
      const edit = {
        messageId: request.params.id,
        text: request.body.text,
        actor: request.actor.name,
        now: clock.now(),
      };
      const written = await editDraft(db, edit);
      if ('because' in written) return reply.code(statusOf(written.because)).send(refusal(written.because));
      return reply.code(201).send(written);
    },
  );
  app.post(
    '/approvals/:id/verdict',
    {
      config: { role: 'operator' },
      schema: {
        summary: 'Let the draft go, or give the message to a person',
        params,
        body: z.strictObject({
          verdict: z.enum(['approved', 'rejected']),
          version: z.int().min(1).describe('the version that was read: another one by now is refused'),
          note: z.string().max(2_000).optional(),
        }),
        response: { 200: Settled, ...refusals(404, 409) },
      },
    },
    async (request, reply) => {
      const { verdict, version, note = null } = request.body;
      const decision = {
        messageId: request.params.id,
        draftVersion: version,
        verdict,
        actor: request.actor.name,
        note,
      };
      const result = await settleAndTell(parts, decision);
      if (!result.settled) return reply.code(statusOf(result.because)).send(refusal(result.because));
      return reply.code(200).send({ verdict: result.verdict, version: result.version, told: result.told });
    },
  );
}
