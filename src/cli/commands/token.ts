import { type Command, Option } from 'commander';
import { processConfig } from '../../config/process-config.js';
import { ROLES, type Role } from '../../domain/access.js';
import { systemClock } from '../../domain/clock.js';
import { WaybillError } from '../../domain/failures.js';
import { createToken, listTokens, revokeToken, TOKEN_NAME, type Token } from '../../ledger/tokens.js';
import { EXIT } from '../exit-codes.js';
import { withLedger } from '../installation.js';
import { commandActor } from '../operator.js';
import { note, paint, print, toJson } from '../output.js';

const CODES = '2, 3, 4 as for every command.';

export function addToken(program: Command): void {
  const group = program.command('token').description('who may use the API, and as what');
  group
    .command('create')
    .description('make a token and print it, this once: the ledger keeps a hash alone')
    .argument('<name>', 'what it is for; unique among the tokens that are not revoked')
    .addOption(new Option('--role <role>', 'what it may do').choices(Object.keys(ROLES)).makeOptionMandatory())
    .option('--by <name>', 'who makes it; the user of this machine unless given')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `\nRoles: ${Object.entries(ROLES)
        .map(([role, doc]) => `\n  ${role}: ${doc}`)
        .join('')}\nExit codes: 0 made; 2 the name is taken or cannot be one; 3, 4 as for every command.`,
    )
    .action(async (name: string, { role, by, json }: { role: Role; by?: string; json?: boolean }) => {
      if (!TOKEN_NAME.pattern.test(name)) throw usage(`"${name}" cannot be the name of a token: ${TOKEN_NAME.says}.`);
      const made = await withLedger(processConfig(), (db) =>
        createToken(db, { name, role, by: commandActor(by), now: systemClock.now() }),
      );
      if (!made) throw usage(`There is a token named ${name} already: revoke it first, or take another name.`);
      if (json) print(toJson(made));
      else {
        print(made.text);
        note(`This is the token ${name} (${role}). It is shown this once.`);
      }
    });

  group
    .command('list')
    .description('tokens with role and last use, the oldest first')
    .option('--all', 'revoked ones as well')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 listed, also where there is none; ${CODES}`)
    .action(async ({ all = false, json }: { all?: boolean; json?: boolean }) => {
      const tokens = await withLedger(processConfig(), (db) => listTokens(db, { all }));
      if (json) print(toJson({ tokens }));
      else if (tokens.length === 0) print('There is no token: `waybill token create` makes one.');
      else for (const token of tokens) print(line(token));
    });

  group
    .command('revoke')
    .description('take a token back: from the next request on it is refused')
    .argument('<name>', 'its name or id')
    .option('--by <name>', 'who takes it back; the user of this machine unless given')
    .option('--json', 'one JSON object')
    .addHelpText('after', `\nExit codes: 0 revoked; 1 there is no such token, or it is revoked already; ${CODES}`)
    .action(async (name: string, { by, json }: { by?: string; json?: boolean }) => {
      const token = await withLedger(processConfig(), (db) =>
        revokeToken(db, name, commandActor(by), systemClock.now()),
      );
      if (!token) process.exitCode = EXIT.finding;
      if (json) print(toJson({ token }));
      else print(token ? `The token ${token.name} is revoked.` : `There is no token ${name} that could be revoked.`);
    });
}

const usage = (sentence: string): WaybillError => new WaybillError('UsageWrong', sentence, { retryable: false });

function line({ id, name, role, createdAt, createdBy, lastUsedAt, revokedAt, revokedBy }: Token): string {
  const made = `made ${createdAt.toISOString()} by ${createdBy}`;
  const used = lastUsedAt ? `last used ${lastUsedAt.toISOString()}` : 'never used';
  const gone = revokedAt ? paint('dim', `  revoked ${revokedAt.toISOString()} by ${revokedBy}`) : '';
  return `${id}  ${name}  ${role}  ${made}  ${used}${gone}`;
}
