import { type Command, Option } from 'commander';
import { type FormStatus, readFormStatus } from '../../assurance/forms.js';
import { processConfig } from '../../config/process-config.js';
import { systemClock } from '../../domain/clock.js';
import { WaybillError } from '../../domain/failures.js';
import { type Form, SUBMISSION_STATES, type SubmissionState, sourceOfForm } from '../../domain/forms.js';
import { listSubmissions } from '../../ledger/submission-desk.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { wholeNumber } from '../option-values.js';
import { columns, paint, print, toJson } from '../output.js';

const CODES = '2, 3, 4 as for every command.';

export function addForms(program: Command): void {
  const group = program
    .command('forms')
    .description('web forms: what is configured, what came, what is known to be missing');
  group
    .command('list')
    .description('the forms of the configuration, without their secrets; asks no ledger')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 listed, also where none is configured; ${CODES}`)
    .action(({ json }: { json?: boolean }) => {
      const { forms } = processConfig();
      if (json) print(toJson({ forms: forms.map(withoutSecrets) }));
      else if (forms.length === 0) print('No form is configured: WAYBILL_FORMS names none (docs/reference/forms.md).');
      else for (const form of forms) print(describe(form));
    });

  group
    .command('status')
    .description('per form: what came and by which way, and whether anything is known to be missing')
    .argument('[form]', 'this one only')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 nothing is known to be missing; 1 something is, or lies parked; ${CODES}`)
    .action(async (name: string | undefined, { json }: { json?: boolean }) => {
      const config = processConfig();
      const forms = config.forms.filter((form) => name === undefined || form.name === name);
      if (name !== undefined && forms.length === 0)
        throw new WaybillError('UsageWrong', `There is no form "${name}" in the configuration.`, { retryable: false });
      const context = { now: systemClock.now(), timing: config.timing };
      const statuses = await withLedger(config, (db) => readFormStatus(db, forms, context));
      if (statuses.some((one) => one.verdict === 'gaps' || one.parked > 0)) process.exitCode = EXIT.finding;
      if (json) print(toJson({ forms: statuses }));
      else if (statuses.length === 0)
        print('No form is configured: WAYBILL_FORMS names none (docs/reference/forms.md).');
      else print(statuses.map(inFull).join('\n\n'));
    });
  addSubmissions(group);
}

/** The newest submissions; what was written into them stays in the ledger. */
function addSubmissions(group: Command): void {
  group
    .command('submissions')
    .description('submissions, the newest first, without what was written into them')
    .argument('[form]', 'of this form only')
    .addOption(
      new Option('--state <state>', 'only those in it').choices(Object.keys(SUBMISSION_STATES) as SubmissionState[]),
    )
    .option('--limit <n>', 'at most so many', wholeNumber(1, 10_000), 100)
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 listed, also where there is none; ${CODES}`)
    .action(async (form: string | undefined, flags: { state?: SubmissionState; limit: number; json?: boolean }) => {
      const { state = null, limit, json } = flags;
      const config = processConfig();
      const source = form === undefined ? null : sourceOfForm(config.forms, form);
      const submissions = await withLedger(config, (db) => listSubmissions(db, { source, state, limit }));
      if (json) print(toJson({ submissions }));
      else if (submissions.length === 0) print('There is no such submission.');
      else
        for (const { id, source: from, state: now, way, receivedAt, messageId, problem } of submissions)
          print(
            `${id}  ${receivedAt.toISOString()}  ${from}  ${now} (${way})` +
              (messageId === null ? '' : `  message ${messageId}`) +
              (problem === null ? '' : `  ${problem}`),
          );
    });
}

/** The shape of a form as it may be shown. */
const withoutSecrets = ({ verification, reconciliation, ...form }: Form) => ({
  ...form,
  verification: { ...verification, secrets: verification.secrets.length },
  reconciliation:
    'token' in reconciliation ? { ...reconciliation, token: reconciliation.token !== null } : reconciliation,
});

const describe = ({ name, source, verification, reconciliation, mailers, mode }: Form): string =>
  `${paint('bold', name)}  POST /webhooks/forms/${name}  source ${source}, mode ${mode ?? 'as stored'}; ` +
  `${verification.scheme} with ${verification.secrets.length} secret(s); reconciled by ${reconciliation.by}` +
  (mailers.length > 0 ? `; recognised in mail of ${mailers.length} mailer(s)` : '');

const WORDS: Record<FormStatus['reconciledBy'], string> = {
  list: 'the list of its vendor',
  sequence: 'the sequence of its numbers',
  canary: 'canaries of our own',
  none: 'nothing',
};

function inFull(status: FormStatus): string {
  const until = status.until === null ? '' : ` until ${status.until.toISOString()}`;
  const missing = status.missing === null ? 'nobody can know' : `${status.missing}`;
  const refused = Object.entries(status.refused).map(([cause, count]) => `${count} ${cause}`);
  return columns([
    ['form', `${paint('bold', status.form)} (${status.source}, mode ${status.mode ?? 'none yet: nothing came'})`],
    ['coverage', `${paint('bold', status.verdict)}${until}, by ${WORDS[status.reconciledBy]}`],
    ['because', status.because],
    ['missing', missing + (status.ranges.length > 0 ? `: ${status.ranges.join(', ')}` : '')],
    ['by webhook', String(status.pushed)],
    ['only listed', String(status.onlyListed)],
    ['only mailed', String(status.onlyMailed)],
    ['parked', String(status.parked)],
    ['refused', refused.length === 0 ? '0' : refused.join(', ')],
  ]);
}
