import type { Simulation } from '../../assurance/simulate-playbooks.js';
import { columns } from '../output.js';

const chosenBy = ({ playbook, action }: { playbook: string | null; action: string }): string =>
  `${playbook ?? 'no playbook'}, ${action}`;

/** A simulation for people: what would be done, and where that differs from what was. */
export function describeSimulation(simulation: Simulation, classifiers: readonly string[]): string {
  const { messages, notDecided, chosen, same, differences, undecidedThen, modelUnasked } = simulation;
  const unasked =
    modelUnasked === 0 ? '' : `; the language model was never asked about ${modelUnasked}, and is not now`;
  const asked = chosen.reduce((sum, { count }) => sum + count, 0);
  return [
    columns([
      ['messages', String(messages)],
      ['classifiers', `${classifiers.join(', ')}${unasked}`],
      ['asked', `${asked}; the others reach no playbook: ${counts(notDecided)}`],
      ['decided alike', `${same} of ${asked - undecidedThen} that were decided; ${undecidedThen} were not`],
    ]),
    'what the playbooks choose:',
    ...chosen.map(({ reason, count, examples, ...one }) => {
      const why = reason === null ? '' : ` (${reason})`;
      return `  ${String(count).padStart(6)}  ${chosenBy(one)}${why}, as ${examples.join(' ')}`;
    }),
    differences.length === 0 ? 'nothing is decided otherwise than it was' : 'what is decided otherwise:',
    ...differences.map(
      ({ was, now, count, examples }) =>
        `  ${String(count).padStart(6)}  was ${chosenBy(was)}; now ${chosenBy(now)}, as ${examples.join(' ')}`,
    ),
  ].join('\n');
}

const counts = (by: Record<string, number>): string =>
  Object.entries(by)
    .map(([why, count]) => `${why} ${count}`)
    .join(', ') || 'none';
