import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Bench, toLine, toTable } from './report.js';

/**
 * Runs one file of bench/benchmarks or bench/proofs, which exports `bench`. Exit codes: 0 every goal was met, 1 one was missed,
 * 2 there is no such benchmark. `--size` is for those that can be run smaller than they are meant.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean' },
    seed: { type: 'string', default: '1' },
    size: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const [kind = 'benchmarks', name] = positionals;
const verb = kind === 'proofs' ? 'prove' : 'bench';
const folder = join(fileURLToPath(new URL('.', import.meta.url)), kind);
const known = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3))
  .sort();
const load = async (one: string): Promise<Bench> =>
  ((await import(join(folder, `${one}.ts`))) as { bench: Bench }).bench;
const seed = Number(values.seed);
const asked = values.size === undefined ? null : Number(values.size);

if (values.help || name === undefined) {
  process.stdout.write(`Usage: npm run ${verb} -- NAME [--seed N] [--size N] [--json]\n\n`);
  for (const one of known) process.stdout.write(`  ${one.padEnd(12)} ${(await load(one)).describe}\n`);
  process.exitCode = values.help ? 0 : 2;
} else if (!known.includes(name) || !Number.isSafeInteger(seed)) {
  const sentence = known.includes(name)
    ? `--seed takes a whole number, not "${values.seed}".`
    : `There is no "${name}" to ${verb}: there are ${known.join(', ')}.`;
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 2;
} else {
  const began = performance.now();
  const { run, size: whole } = await load(name);
  const say = (line: string) => process.stderr.write(`${name}: ${line}\n`);
  if (asked !== null && (whole === undefined || !Number.isSafeInteger(asked) || asked < 1)) {
    process.stderr.write(
      `${whole === undefined ? `${name} has one size alone.` : '--size takes a whole number from 1.'}\n`,
    );
    process.exit(2);
  }
  const size = asked ?? whole;
  const result = await run({ seed, size: size ?? 0, say });
  const seconds = Number(((performance.now() - began) / 1_000).toFixed(1));
  const sized = size === undefined ? {} : { size };
  const told = { goals: result.goals, details: { seed, ...sized, seconds, ...result.details } };
  process.stdout.write(`${values.json ? toLine(name, told) : toTable(name, told)}\n`);
  process.exitCode = result.goals.every((one) => one.ok) ? 0 : 1;
}
