import { Argument, type Command, InvalidArgumentError } from 'commander';
import { processConfig } from '../../config/process-config.js';
import { systemClock } from '../../domain/clock.js';
import { MODES, type Mode } from '../../domain/states.js';
import { readModes, type SourceModes, setMode } from '../../ledger/mode-settings.js';
import { withLedger } from '../installation.js';
import { commandActor } from '../operator.js';
import { paint, print, toJson } from '../output.js';
import { type ScopeOptions, scopeOf, withScope } from '../scope.js';

const INHERIT = 'inherit';

export function addMode(program: Command): void {
  const group = program
    .command('mode')
    .description('what may be done about messages: observe, shadow, approve or live');
  group
    .command('show')
    .description('the mode of each source, and of the routes and playbooks in it that have their own')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExit codes: 0 shown; 2, 3, 4 as for every command.')
    .action(async ({ json }: { json?: boolean }) => {
      const modes = await withLedger(processConfig(), readModes);
      if (json) print(toJson({ modes }));
      else if (modes.length === 0) print('There is no source yet.');
      else for (const one of modes) print(inWords(one));
    });

  withScope(group.command('set'))
    .description('set the mode of a source, or of a route or playbook in it')
    .addArgument(new Argument('<mode>', `${INHERIT}: as above it`).choices([...Object.keys(MODES), INHERIT]))
    .requiredOption('--source <name>', 'in which source')
    .option('--answer-from <instant>', 'what was written or first seen before it is never answered', instant)
    .option('--by <name>', 'who sets it; the user of this machine unless given')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExit codes: 0 set; 2, 3, 4 as for every command.')
    .action(async (asked: Mode | typeof INHERIT, options: ScopeOptions & SetOptions) => {
      const { source, answerFrom = null, by, json } = options;
      const mode = asked === INHERIT ? null : asked;
      const change = {
        ...scopeOf(options),
        source,
        mode,
        answerFrom,
        actor: commandActor(by),
        now: systemClock.now(),
      };
      const { before, after } = await withLedger(processConfig(), async (db) => ({
        ...(await setMode(db, change)),
        after: (await readModes(db)).find((one) => one.source === source) ?? null,
      }));
      if (json) print(toJson({ before, modes: after }));
      else if (after) print(inWords(after));
    });
}

interface SetOptions {
  source: string;
  answerFrom?: Date;
  by?: string;
  json?: boolean;
}

function instant(text: string): Date {
  const at = new Date(text);
  if (!/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text) || Number.isNaN(at.getTime()))
    throw new InvalidArgumentError('must be an instant with its zone, as 2026-01-31T08:00:00Z.');
  return at;
}

function inWords({ source, mode, answerFrom, narrower }: SourceModes): string {
  const from = answerFrom === null ? 'nothing is answered yet' : `what came since ${answerFrom.toISOString()}`;
  const own = narrower.map(({ route, playbook, mode: its, setBy, setAt }) => {
    const of = [...(route ? [`route ${route}`] : []), ...(playbook ? [`playbook ${playbook}`] : [])].join(', ');
    return `  ${of}: ${paint('bold', its)}${mode === 'observe' ? ' (without effect: the source is in observe)' : ''}, set by ${setBy} at ${setAt.toISOString()}`;
  });
  return [`${source}: ${paint('bold', mode)}${mode === 'observe' ? '' : `, ${from}`}`, ...own].join('\n');
}
