import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { Clock } from '../domain/clock.js';
import { type SeededRandom, seededId, seededRandom } from './seeded-random.js';

export interface FormFields {
  [name: string]: unknown;
}

/** What really happened to one submission. */
export interface SubmissionTruth {
  id: string;
  number: number;
  submittedAt: string;
  /** Whether its webhook was lost on the way. */
  withheld: boolean;
  /** Statuses that its deliveries were answered with; 0 where none came. */
  answers: number[];
}

interface Submission extends SubmissionTruth {
  fields: FormFields;
}

export interface VendorForm {
  name: string;
  /** Where its webhooks go. */
  target: string;
  /** Standard Webhooks. */
  secret: string;
}

export interface Traffic {
  count: number;
  /** Shares of the submissions. */
  withheld: number;
  repeated: number;
  forged: number;
}

const DEADLINE_MS = 10_000;
const PAGE = 50;
const WORDS = ['Where is my order?', 'I forgot my password.', 'Please call me back.', 'I want a refund.', 'A question'];

/**
 * A vendor of web forms: signed webhooks, some of them lost, repeated or forged by somebody else; a list; and the truth about all of
 * it. It lives in memory, unlike the dashboard.
 */
export class FormVendor {
  private readonly submissions: Submission[] = [];
  private readonly random: SeededRandom;
  /** Statuses that forged deliveries were answered with. */
  private readonly forgeries: number[] = [];

  constructor(
    readonly form: VendorForm,
    private readonly seed: number,
    private readonly clock: Clock,
  ) {
    this.random = seededRandom(seed, 'forms', form.name);
  }

  /** Visitors send the form; resolves when every webhook that is not lost has its answer. */
  async traffic({ count, withheld, repeated, forged }: Traffic): Promise<{ submitted: number; withheld: number }> {
    // At least one of them is lost where any share is, so that a short run shows what becomes of it.
    const lost = withheld > 0 ? Math.max(1, Math.round(count * withheld)) : 0;
    const losing = new Set<number>();
    while (losing.size < Math.min(lost, count)) losing.add(this.random.between(0, count - 1));
    for (let index = 0; index < count; index++) {
      const number = this.submissions.length + 1;
      const message = `${this.random.pick(WORDS)} (${number})`;
      const fields = { email: `visitor.${number}@example.com`, name: `Visitor ${number}`, message };
      const submission = this.take(fields, losing.has(index));
      if (!submission.withheld) await this.deliver(submission, this.random.chance(repeated) ? 2 : 1);
      if (this.random.chance(forged)) this.forgeries.push(await this.forge(submission));
    }
    return { submitted: count, withheld: losing.size };
  }

  /** Somebody sends the form over the web. */
  async submit(fields: FormFields): Promise<{ id: string }> {
    const submission = this.take(fields, false);
    await this.deliver(submission, 1);
    return { id: submission.id };
  }

  /** The vendor's list, oldest first. */
  list(since: number, cursor: string | null): { items: object[]; next_cursor: string | null } {
    const rows = this.submissions.filter((one) => Date.parse(one.submittedAt) >= since);
    const from = cursor === null ? 0 : rows.findIndex((one) => one.id === cursor) + 1;
    const page = rows.slice(from, from + PAGE);
    return { items: page.map(wire), next_cursor: rows.length > from + PAGE ? (page.at(-1)?.id ?? null) : null };
  }

  truth(): { submissions: SubmissionTruth[]; forgeries: number[] } {
    const submissions = this.submissions.map(({ id, number, submittedAt, withheld, answers }) => ({
      id,
      number,
      submittedAt,
      withheld,
      answers: [...answers],
    }));
    return { submissions, forgeries: [...this.forgeries] };
  }

  private take(fields: FormFields, withheld: boolean): Submission {
    const number = this.submissions.length + 1;
    const id = seededId('sub', this.seed, this.form.name, number);
    const submission = { id, number, submittedAt: this.clock.now().toISOString(), withheld, answers: [], fields };
    this.submissions.push(submission);
    return submission;
  }

  private async deliver(submission: Submission, times: number): Promise<void> {
    const body = JSON.stringify(wire(submission));
    for (let time = 0; time < times; time++)
      submission.answers.push(await this.post(body, `delivery_${submission.id}`, this.form.secret));
  }

  private forge(submission: Submission): Promise<number> {
    const body = JSON.stringify({ ...wire(submission), id: `forged_${submission.id}` });
    return this.post(body, `forged_${submission.id}`, `whsec_${randomBytes(24).toString('base64')}`);
  }

  private async post(body: string, id: string, secret: string): Promise<number> {
    const at = this.clock.now();
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': new Webhook(secret).sign(id, at, body),
    };
    try {
      const signal = AbortSignal.timeout(DEADLINE_MS);
      return (await fetch(this.form.target, { method: 'POST', headers, body, signal })).status;
    } catch {
      return 0;
    }
  }
}

const wire = ({ id, number, submittedAt, fields }: Submission) => ({ id, number, created_at: submittedAt, fields });
