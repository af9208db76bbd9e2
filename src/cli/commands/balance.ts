import type { Command } from 'commander';
import { checkBalance } from '../../assurance/balance.js';
import { processConfig } from '../../config/process-config.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { paint, print, toJson } from '../output.js';

export function addBalance(program: Command): void {
  program
    .command('balance')
    .description('check the books: every message that a provider returned is held, and has one place')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      '\nExit codes: 0 balanced; 1 something does not add up, with its ids; 2, 3, 4 as for every command.',
    )
    .action(async ({ json }: { json?: boolean }) => {
      const balance = await withLedger(processConfig(), checkBalance);
      if (json) print(toJson(balance));
      else {
        for (const one of balance.equations) {
          const holds = one.left === one.right && one.residuals === 0;
          print(
            `${paint(holds ? 'green' : 'red', holds ? 'holds' : 'FAILS')}  ${one.name}: ${one.left} = ${one.right}`,
          );
          print(`       ${one.claim}`);
          if (one.residuals > 0) print(`       ${one.residuals} without a counterpart: ${one.residual.join(', ')}`);
        }
        print(balance.balanced ? 'The books balance.' : 'The books do not balance.');
      }
      process.exitCode = balance.balanced ? EXIT.ok : EXIT.finding;
    });
}
