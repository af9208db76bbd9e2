import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addAlarms } from '../../../src/cli/commands/alarms.js';
import { addApi } from '../../../src/cli/commands/api.js';
import { addApproval } from '../../../src/cli/commands/approval.js';
import { addAudit } from '../../../src/cli/commands/audit.js';
import { addBackfill } from '../../../src/cli/commands/backfill.js';
import { addBalance } from '../../../src/cli/commands/balance.js';
import { addCalls } from '../../../src/cli/commands/calls.js';
import { addCase } from '../../../src/cli/commands/case.js';
import { addChanges } from '../../../src/cli/commands/changes.js';
import { addClassifier } from '../../../src/cli/commands/classifier.js';
import { addConfig } from '../../../src/cli/commands/config.js';
import { addCoverage } from '../../../src/cli/commands/coverage.js';
import { addDemo } from '../../../src/cli/commands/demo.js';
import { addDigest } from '../../../src/cli/commands/digest.js';
import { addDoNotCallCommands } from '../../../src/cli/commands/do-not-call.js';
import { addDoctor } from '../../../src/cli/commands/doctor.js';
import { addExport } from '../../../src/cli/commands/export.js';
import { addForms } from '../../../src/cli/commands/forms.js';
import { addHandOff } from '../../../src/cli/commands/hand-off.js';
import { addMigrate } from '../../../src/cli/commands/migrate.js';
import { addMode } from '../../../src/cli/commands/mode.js';
import { addPacer } from '../../../src/cli/commands/pacer.js';
import { addPark } from '../../../src/cli/commands/park.js';
import { addPlan } from '../../../src/cli/commands/plan.js';
import { addPlaybook } from '../../../src/cli/commands/playbook.js';
import { addProbe } from '../../../src/cli/commands/probe.js';
import { addReprocess } from '../../../src/cli/commands/reprocess.js';
import { addShadow } from '../../../src/cli/commands/shadow.js';
import { addSource } from '../../../src/cli/commands/source.js';
import { addStopSending } from '../../../src/cli/commands/stop-sending.js';
import { addTemporal } from '../../../src/cli/commands/temporal.js';
import { addToken } from '../../../src/cli/commands/token.js';
import { addTrace } from '../../../src/cli/commands/trace.js';
import { addUp } from '../../../src/cli/commands/up.js';
import { addWorker } from '../../../src/cli/commands/worker.js';
import { EXIT } from '../../../src/cli/exit-codes.js';

const PAGE = readFileSync('docs/reference/cli.md', 'utf8');
const section = (title: string): string => PAGE.split(/^## /m).find((one) => one.startsWith(title)) ?? '';

/** Verbs below a command and their options, as `verb --option`; a hidden option is for processes of ours. */
const verbsOf = (command: Command, path: string[] = []): string[] =>
  command.commands.flatMap((sub) => {
    const name = [...path, sub.name()];
    const options = sub.options.filter((option) => !option.hidden).map((option) => `${name.join(' ')} ${option.long}`);
    // A group of verbs, such as `temporal`, has no options; `plan` is a verb of its own beside the one below it.
    const own = sub.commands.length === 0 || options.length > 0 ? [name.join(' '), ...options] : [];
    return [...own, ...verbsOf(sub, name)];
  });

describe('docs/reference/cli.md', () => {
  it('lists every verb and option of the command, and no other', () => {
    const program = new Command('waybill');
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
      addForms,
      addTrace,
      addProbe,
      addExport,
      addConfig,
      addDoctor,
      addAlarms,
      addPacer,
      addCoverage,
    ])
      add(program);
    for (const add of [addPark, addReprocess, addSource, addToken, addChanges]) add(program);
    addDemo(program);
    addPlaybook(program);
    addClassifier(program);
    for (const add of [addMode, addApproval, addStopSending, addShadow]) add(program);
    for (const add of [addCalls, addDoNotCallCommands]) add(program);
    for (const add of [addCase, addHandOff, addDigest]) add(program);
    const rows = [...section('Verbs').matchAll(/^\| `([a-z -]+)` +\| +(?:`(--[a-z-]+)` *)?\|/gm)];
    const listed = rows.map(([, verb, option]) => (option ? `${verb} ${option}` : (verb ?? '')));
    expect(listed.sort()).toEqual(verbsOf(program).sort());
  });

  it('knows every verb that the command is built of', () => {
    const main = readFileSync('src/cli/main.ts', 'utf8');
    const built = [...main.matchAll(/from '\.\/commands\/([a-z-]+)\.js'/g)].map(([, name]) => name ?? '');
    const tested = [
      ...readFileSync('test/unit/cli/reference.test.ts', 'utf8').matchAll(/cli\/commands\/([a-z-]+)\.js'/g),
    ];
    expect(tested.map(([, name]) => name ?? '').sort()).toEqual(built.sort());
  });

  it('lists every exit code, and no other', () => {
    const listed = [...section('Exit codes').matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => Number(code));
    expect(listed).toEqual(Object.values(EXIT));
  });
});
