import { parseArgs } from 'node:util';
import { fillByNaivePoller } from '../src/demo/naive-ledger.js';
import { openDatabase } from '../src/ledger/database.js';
import { refuseOtherSchema } from '../src/ledger/migrate.js';
import { isProfile } from '../src/simulator/oddities.js';
import { openWorld } from '../src/simulator/open-world.js';
import { truthAt } from '../src/simulator/truth.js';

const DAY_MS = 86_400_000;

/** Fills an empty, migrated ledger as a naive intake would have: docs/reference/simulator.md. */
const { values } = parseArgs({
  options: {
    'database-url': { type: 'string' },
    anchor: { type: 'string' },
    seed: { type: 'string', default: '1' },
    threads: { type: 'string', default: '400' },
    days: { type: 'string', default: '365' },
    profile: { type: 'string', default: 'observed' },
    'window-days': { type: 'string', default: '1' },
    source: { type: 'string', default: 'simulator' },
  },
});
const { 'database-url': url, anchor, seed, threads, days, profile, 'window-days': windowDays, source } = values;
if (url === undefined || anchor === undefined || !isProfile(profile))
  throw new Error('--database-url, --anchor and a known --profile are needed');
const to = Date.parse(anchor);
const world = openWorld(
  {
    token: 'provider',
    controlToken: 'control',
    seed: Number(seed),
    threads: Number(threads),
    days: Number(days),
    profile,
  },
  { now: () => new Date(to) },
).world;
await refuseOtherSchema(url);
const db = openDatabase({ url });
try {
  const [held] = await db.$queryRaw<{ n: number }[]>`SELECT count(*)::int AS n FROM message`;
  if (held?.n !== 0) throw new Error('the ledger is not empty');
  const from = to - Number(days) * DAY_MS;
  const intake = await fillByNaivePoller({ db, world, source, from, to, windowDays: Number(windowDays) });
  const { obtainable } = truthAt(world, to, to);
  const missing = obtainable.filter((id) => !intake.takenAt.has(id)).length;
  process.stdout.write(`${JSON.stringify({ taken: intake.takenAt.size, obtainable: obtainable.length, missing })}\n`);
} finally {
  await db.close();
}
