import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFailed } from 'vitest';
import { eventually } from '../support/eventually.js';
import { type Installation, makeInstallation } from './installation.js';

/** `waybill up` with the whole simulated world: dashboard, form, phone provider and platform. */

const MINUTES = 60_000;
const WORLD = {
  WAYBILL_SIMULATOR_THREADS: '20',
  WAYBILL_TIMING_STATUS_EVERY_MS: '500',
  WAYBILL_TIMING_SETTLE_MS: '500',
};

let here: Installation;
beforeAll(async () => {
  here = await makeInstallation();
});
afterAll(() => here?.release(), MINUTES);

/** Endings by route and disposition, read beside the product. */
const endings = (): Promise<string[]> =>
  here.withLedger(async (db) => {
    const rows = await db.$queryRaw<{ ending: string }[]>`
      SELECT DISTINCT route || ' ' || disposition AS ending FROM message WHERE state = 'ended' AND route IS NOT NULL`;
    return rows.map(({ ending }) => ending);
  });

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

it(
  'every route ends by itself after a start: form, callback, hand-off and plain mail; no secret is told',
  async () => {
    onTestFailed(() => void process.stderr.write(`${here.story()}\n`));
    const up = here.start(['up', '--json'], WORLD);
    await eventually('the status tells of calls', () => up.output().stdout.includes('"made":') || up.hasEnded(), {
      withinMs: MINUTES,
    });
    const seen = await eventually(
      'every route has an ending',
      async () => {
        const found = await endings();
        const wanted = ['callback callback_done', 'form handed_off_done', 'form escalated', 'email answered'];
        return wanted.every((one) => found.includes(one)) || up.hasEnded() ? found : null;
      },
      { withinMs: MINUTES },
    );
    expect(seen).toEqual(expect.arrayContaining(['callback callback_done', 'form handed_off_done']));

    const alarms = await here.withLedger((db) => db.$queryRaw`SELECT kind, subject FROM alarm WHERE state = 'open'`);
    expect(alarms).toEqual([]);
    up.kill('SIGINT');
    expect(await up.ended).toMatchObject({ code: 0 });
    expect(await here.leftovers(here.processes())).toEqual([]);

    const own = join(here.dataDir, 'simulator', 'parties');
    expect(statSync(own).mode & 0o077).toBe(0);
    const secrets = Object.values(
      JSON.parse(readFileSync(join(own, 'secrets.json'), 'utf8')) as Record<string, string>,
    );
    expect(secrets).toHaveLength(5);
    const { stdout, stderr } = up.output();
    const written = [
      stdout,
      stderr,
      ...filesBelow(join(here.dataDir, 'logs')).map((file) => readFileSync(file, 'utf8')),
    ];
    // The account is a name, as it is at a real provider.
    for (const secret of secrets.filter((one) => !one.startsWith('AC')))
      expect(written.filter((text) => text.includes(secret))).toEqual([]);
    for (const file of filesBelow(own).filter((name) => !name.includes('playbooks')))
      expect(statSync(file).mode & 0o077, file).toBe(0);
  },
  3 * MINUTES,
);
