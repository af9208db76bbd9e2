import { z } from 'zod';
import { SUBMISSION_STATES, SUBMISSION_WAYS, sourceOfForm } from '../../domain/forms.js';
import { findSubmission, listSubmissions, readSubmissionWords } from '../../ledger/submission-desk.js';
import { Next, OwnId, PAGE_QUERY, toPage, wordsOf } from '../page.js';
import type { ApiApp, ApiParts } from '../parts.js';
import { problem, refusals } from '../problems.js';

const params = z.object({ id: OwnId });

const KnownSubmission = z
  .object({
    id: z.uuid(),
    source: z.string(),
    way: wordsOf(SUBMISSION_WAYS),
    state: wordsOf(SUBMISSION_STATES),
    sequence: z.number().nullable(),
    firstSeenBy: z.string(),
    receivedAt: z.date(),
    submittedAt: z.date().nullable().describe('as the vendor says'),
    pushedAt: z.date().nullable().describe('when its webhook first came'),
    listedAt: z.date().nullable().describe("when the vendor's list first showed it"),
    problem: z.string().nullable().describe('fields that do not fit, by name'),
    messageId: z.uuid().nullable(),
  })
  .meta({ id: 'Submission' });

const KnownFields = z
  .object({
    email: z.string().nullable(),
    name: z.string().nullable(),
    phone: z.string().nullable(),
    subject: z.string().nullable(),
    message: z.string().nullable(),
    language: z.string().nullable(),
    submissionId: z.string().nullable(),
    sequence: z.number().nullable(),
    submittedAt: z.string().nullable(),
    wantsCallback: z.boolean(),
  })
  .meta({ id: 'SubmissionFields' });

/** Submissions of web forms. What was written into them has a route of its own, for those who work on it. */
export function addSubmissionRoutes(app: ApiApp, { db, config }: ApiParts): void {
  const missing = problem('not_found', 'There is no such submission.');
  app.get(
    '/submissions',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'Submissions of web forms, the newest first, without what was written into them',
        querystring: z.strictObject({
          form: z.string().max(80).optional().describe('name of the form, or its source'),
          state: wordsOf(SUBMISSION_STATES).optional(),
          ...PAGE_QUERY,
        }),
        response: { 200: z.object({ submissions: z.array(KnownSubmission), next: Next }) },
      },
    },
    async ({ query: { form, limit, ...wanted } }) => {
      const source = form === undefined ? null : sourceOfForm(config.forms, form);
      const { rows, next } = toPage(await listSubmissions(db, { ...wanted, source, limit: limit + 1 }), limit);
      return { submissions: rows, next };
    },
  );
  app.get(
    '/submissions/:id',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'One submission without what was written into it',
        params,
        response: { 200: z.object({ submission: KnownSubmission }), ...refusals(404) },
      },
    },
    async ({ params: { id } }, reply) => {
      const submission = await findSubmission(db, id);
      return submission ? reply.code(200).send({ submission }) : reply.code(404).send(missing);
    },
  );
  app.get(
    '/submissions/:id/fields',
    {
      config: { role: 'operator' },
      schema: {
        summary: 'What was written into it, as far as it was read: what a customer wrote, and addresses',
        params,
        response: {
          200: z.object({
            fields: KnownFields.nullable().describe('null where it lies parked, or is a canary'),
            submissionRef: z.string().nullable().describe("the vendor's id of it"),
          }),
          ...refusals(404),
        },
      },
    },
    async ({ params: { id } }, reply) => {
      const words = await readSubmissionWords(db, id);
      return words ? reply.code(200).send(words) : reply.code(404).send(missing);
    },
  );
}
