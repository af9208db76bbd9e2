import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { accountOf, type Installation, makeInstallation } from './installation.js';

/** `waybill up --once --json` on a world of 300 threads over 365 days, as somebody has it who runs it for the first time. */

const MINUTES = 60_000;
const WORLD = { WAYBILL_SIMULATOR_THREADS: '300' };

async function installation(): Promise<Installation> {
  const made = await makeInstallation();
  onTestFinished(made.release);
  return made;
}

const inOrder = { missing: 0, answeredTwice: 0, balanced: true, waiting: 0, residuals: {}, missingIds: [] };

it(
  'ends in order on a fresh world, and a second time stores and sends nothing twice',
  async () => {
    const here = await installation();
    const ended = await here.run(['up', '--once', '--json'], WORLD);
    expect(ended).toMatchObject({ code: 0, signal: null });
    const account = accountOf(ended);
    expect(account).toMatchObject(inOrder);
    expect(account.answered).toBe(account.repliesExecuted);
    expect(account.answered).toBeGreaterThan(0);
    expect(account.escalated).toBeGreaterThan(0);
    expect(account.unobtainable ?? Number.NaN).toBeLessThan(0.01 * (account.obtainable ?? 0));
    expect(account.seconds).toBeLessThan(180);
    expect(await here.leftovers(here.processes())).toEqual([]);

    const tokenFile = join(here.dataDir, 'admin-token');
    expect(statSync(tokenFile).mode & 0o777).toBe(0o600);
    const token = readFileSync(tokenFile, 'utf8').trim();
    const logs = join(here.dataDir, 'logs');
    const written = readdirSync(logs).map((name) => readFileSync(join(logs, name), 'utf8'));
    const secret = token.slice(-43);
    expect([ended.stdout, ended.stderr, ...written].filter((text) => text.includes(secret))).toEqual([]);
    expect(ended.stderr).toContain(tokenFile);

    const again = accountOf(await here.run(['up', '--once', '--json'], WORLD));
    expect(readFileSync(tokenFile, 'utf8').trim()).toBe(token);
    expect(again).toMatchObject(inOrder);
    expect({ stored: again.stored, answered: again.answered, executed: again.repliesExecuted }).toEqual({
      stored: account.stored,
      answered: account.answered,
      executed: account.repliesExecuted,
    });
    expect(again.calls).toBeGreaterThan(account.calls + 300); // everything was really read again
    const twice = await here.withLedger(
      (db) => db.$queryRaw`SELECT source, provider_message_id FROM message GROUP BY 1, 2 HAVING count(*) > 1`,
    );
    expect(twice).toEqual([]);
  },
  5 * MINUTES,
);

it(
  'ends in order on a world that speaks with the words of a corpus',
  async () => {
    const here = await installation();
    const own = join(here.folder, 'corpus.csv');
    const lines = [
      'Where is my card?',
      'I forgot my passcode',
      '"My order, it has not arrived"',
      'Why was I charged twice?',
    ];
    writeFileSync(own, `text,label\n${lines.map((line) => `${line},any`).join('\n')}\n`);
    const corpus = process.env.WAYBILL_TEST_CORPUS || own;
    const ended = await here.run(['up', '--once', '--json', '--corpus', corpus], WORLD);
    expect(ended).toMatchObject({ code: 0, signal: null });
    const account = accountOf(ended);
    expect(account).toMatchObject(inOrder);
    expect(account.answered).toBe(account.repliesExecuted);
    expect(account.answered).toBeGreaterThan(0);
    expect(account.escalated).toBeGreaterThan(0);
  },
  5 * MINUTES,
);
