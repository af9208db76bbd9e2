import { type Command, InvalidArgumentError } from 'commander';
import { type PlaybookInShadow, type ShadowReport, shadowReport } from '../../assurance/shadow-report.js';
import { processConfig } from '../../config/process-config.js';
import { withLedger } from '../installation.js';
import { paint, print, toJson } from '../output.js';

export function addShadow(program: Command): void {
  const group = program.command('shadow').description('what would have been sent, beside what people sent');
  group
    .command('report')
    .description('per playbook: how often people sent what was drafted, and where they did not')
    .option('--source <name>', 'of this source only')
    .option('--since <instant>', 'drafts written from then on', instant)
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExit codes: 0 reported, also where nothing was drafted; 2, 3, 4 as for every command.')
    .action(async ({ source, since, json }: { source?: string; since?: Date; json?: boolean }) => {
      const asked = { source: source ?? null, since: since ?? null };
      const report = await withLedger(processConfig(), (db) => shadowReport(db, asked));
      print(json ? toJson(report) : inWords(report));
    });
}

function instant(text: string): Date {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) throw new InvalidArgumentError('must be an instant, as 2026-01-31T08:00:00Z.');
  return at;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function inWords({ playbooks, decided }: ShadowReport): string {
  if (decided.length === 0 && playbooks.length === 0) return 'Nothing was decided in shadow.';
  return [
    ...playbooks.flatMap(ofPlaybook),
    'What would have been done:',
    ...decided.map(({ playbook, action, messages }) => `  ${messages}  ${action}  ${playbook ?? 'no playbook'}`),
  ].join('\n');
}

function ofPlaybook(one: PlaybookInShadow): string[] {
  const { agreement, examples } = one;
  const agreed =
    agreement === null
      ? 'nobody has answered one of them yet'
      : `the same in ${percent(agreement.share)} (95 %: ${percent(agreement.lower)} to ${percent(agreement.upper)})`;
  return [
    `${paint('bold', one.playbook)}: ${one.drafts} drafts, ${one.matched} answered by a person; ${agreed}`,
    `  same ${one.same}, edited ${one.edited}, other ${one.other}`,
    ...examples
      .filter(({ agreement: made }) => made !== 'same')
      .map(
        (pair) => `  ${pair.agreement} (${pair.alike.toFixed(2)}): ${pair.messageId}, sent as ${pair.sentMessageId}`,
      ),
  ];
}
