import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { showsStacks } from '../config/terminal.js';
import { WaybillError } from '../domain/failures.js';
import { addAlarms } from './commands/alarms.js';
import { addApi } from './commands/api.js';
import { addApproval } from './commands/approval.js';
import { addAudit } from './commands/audit.js';
import { addBackfill } from './commands/backfill.js';
import { addBalance } from './commands/balance.js';
import { addCalls } from './commands/calls.js';
import { addCase } from './commands/case.js';
import { addChanges } from './commands/changes.js';
import { addClassifier } from './commands/classifier.js';
import { addConfig } from './commands/config.js';
import { addCoverage } from './commands/coverage.js';
import { addDemo } from './commands/demo.js';
import { addDigest } from './commands/digest.js';
import { addDoNotCallCommands } from './commands/do-not-call.js';
import { addDoctor } from './commands/doctor.js';
import { addExport } from './commands/export.js';
import { addForms } from './commands/forms.js';
import { addHandOff } from './commands/hand-off.js';
import { addMigrate } from './commands/migrate.js';
import { addMode } from './commands/mode.js';
import { addPacer } from './commands/pacer.js';
import { addPark } from './commands/park.js';
import { addPlan } from './commands/plan.js';
import { addPlaybook } from './commands/playbook.js';
import { addProbe } from './commands/probe.js';
import { addReprocess } from './commands/reprocess.js';
import { addShadow } from './commands/shadow.js';
import { addSource } from './commands/source.js';
import { addStopSending } from './commands/stop-sending.js';
import { addTemporal } from './commands/temporal.js';
import { addToken } from './commands/token.js';
import { addTrace } from './commands/trace.js';
import { addUp } from './commands/up.js';
import { addWorker } from './commands/worker.js';
import { EXIT, exitCodeOf } from './exit-codes.js';
import { note } from './output.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('waybill')
  .description('Takes custody of every customer message, carries it to an end, and proves where each one is.')
  .version(version)
  .showHelpAfterError('Run the command with --help for its options.')
  .configureHelp({ sortSubcommands: true })
  .addHelpText(
    'after',
    '\nExit codes: 0 done and in order; 1 a finding; 2 wrong usage or configuration; 3 something needed is missing or unreachable;\n4 an unexpected error; 130 interrupted. See docs/reference/cli.md.',
  )
  .exitOverride();
for (const add of [
  addUp,
  addWorker,
  addApi,
  addMigrate,
  addTemporal,
  addAudit,
  addBackfill,
  addPlan,
  addBalance,
  addCoverage,
  addTrace,
  addProbe,
  addExport,
  addConfig,
  addAlarms,
  addPacer,
])
  add(program);
for (const add of [addPark, addReprocess, addSource, addForms, addToken, addChanges]) add(program);
for (const add of [addDemo, addDoctor]) add(program);
addPlaybook(program);
addClassifier(program);
for (const add of [addMode, addApproval, addStopSending, addShadow]) add(program);
for (const add of [addCalls, addDoNotCallCommands]) add(program);
for (const add of [addCase, addHandOff, addDigest]) add(program);
const everyCommand = (command: Command): Command[] => [command, ...command.commands.flatMap(everyCommand)];
for (const command of everyCommand(program)) command.exitOverride();

/** The last line of the message: what went wrong stands there, above it lies the statement that did. */
function describeUnexpected(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (showsStacks) return error.stack ?? error.message;
  return `${error.message.trim().split('\n').at(-1)} (WAYBILL_LOG_LEVEL=debug shows the stack)`;
}

// `waybill export messages | head` is over when head is: what nobody reads is not written, and that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else if (error instanceof WaybillError) {
    note(error.message);
    process.exitCode = exitCodeOf(error.type);
  } else {
    note(`Waybill failed unexpectedly: ${describeUnexpected(error)}`);
    process.exitCode = EXIT.unexpected;
  }
}
