import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { describeRate, ODDITIES } from '../../src/simulator/oddities.js';

const CONTRACT = process.env.WAYBILL_CONTRACT ?? resolve('test/fixtures/contracts/dashboard-api.yaml');

/** Every x-observed statement with the operation, response or schema it stands under. */
function observedStatements(): { where: string; statement: string }[] {
  const found: { where: string; statement: string }[] = [];
  const walk = (node: unknown, where: string): void => {
    if (typeof node !== 'object' || node === null) return;
    const fields = node as Record<string, unknown>;
    const name = typeof fields.operationId === 'string' ? fields.operationId : where;
    for (const [key, value] of Object.entries(fields)) {
      if (key === 'x-observed') for (const statement of value as string[]) found.push({ where: name, statement });
      else walk(value, typeof fields.operationId === 'string' ? name : key);
    }
  };
  walk(parse(readFileSync(CONTRACT, 'utf8')), '');
  return found;
}

const inContract = observedStatements().map(({ where, statement }) => `${where}: ${statement}`);
const inTable = ODDITIES.filter((oddity) => oddity.statement !== null).map((o) => `${o.endpoint}: ${o.statement}`);

describe('the list of oddities', () => {
  it('holds every x-observed statement of the contract, word for word', () => {
    expect(inContract).toHaveLength(20);
    expect(inContract.filter((statement) => !inTable.includes(statement))).toEqual([]);
  });

  it('claims no observation that the contract does not have', () => {
    expect(inTable.filter((statement) => !inContract.includes(statement))).toEqual([]);
    expect(ODDITIES.filter((oddity) => oddity.statement === null).map((oddity) => oddity.name)).toEqual([
      'short-outage',
    ]);
  });

  it('gives observed what the issue gives it, and faulty the rest', () => {
    const observed = ODDITIES.filter((oddity) => (oddity.profiles as string[]).includes('observed'));
    expect(new Set(observed.map((oddity) => oddity.endpoint))).toEqual(
      new Set(['listThreads', 'listMessages', 'postReply', 'Message']),
    );
    const only = ODDITIES.filter((oddity) => !observed.includes(oddity));
    expect(only.every((oddity) => oddity.profiles.length === 1 && oddity.profiles[0] === 'faulty')).toBe(true);
    expect(only.filter((oddity) => oddity.endpoint === 'postReply').map((oddity) => oddity.name)).toEqual([
      'broken-reply',
      'delayed-reply',
    ]);
    expect(new Set(ODDITIES.map((oddity) => oddity.name)).size).toBe(ODDITIES.length);
  });

  it('is the table of docs/reference/simulator.md, row by row', () => {
    const rows = readFileSync(resolve('docs/reference/simulator.md'), 'utf8')
      .split('## Profiles and oddities')[1]
      ?.split('\n')
      .filter((line) => line.startsWith('| `'))
      .filter((line) => line.split(' | ').length === 6);
    const wanted = ODDITIES.map(
      (o) =>
        `| \`${o.name}\` | ${o.endpoint} | ${o.profiles.join(', ')} | ${describeRate(o)} | ${o.claim} | ${o.statement ?? 'none: the faulty profile adds it'} |`,
    );
    expect(rows).toEqual(wanted);
  });
});
