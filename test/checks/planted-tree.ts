import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What the gates read besides the code: the project's own files, so that the tests try the real rules. */
const CONFIGURATION = [
  '.dependency-cruiser.cjs',
  '.gitignore',
  '.oxlintrc.json',
  'biome.json',
  'knip.json',
  'scripts/check/layers.cjs',
  'tsconfig.json',
];

/** A small tree in which every gate holds. */
const CLEAN: Record<string, string> = {
  'package.json': `${JSON.stringify({ name: 'planted', private: true, type: 'module', devDependencies: { 'dependency-cruiser': '17.4.3' } }, null, 2)}\n`,
  'src/domain/clock.ts': "export const systemClock = { now: () => new Date() };\n\nexport const word = 'here';\n",
  'src/cli/main.ts':
    "import { systemClock, word } from '../domain/clock.js';\n\nprocess.stdout.write(`${word} ${systemClock.now().toISOString()}\\n`);\n",
};

export interface PlantedTree {
  root: string;
  remove(): void;
}

/** A clean tree in a temporary folder with the given files planted in it. */
export const plantTree = (planted: Record<string, string> = {}): PlantedTree => {
  const root = mkdtempSync(join(tmpdir(), 'waybill-planted-'));
  for (const name of CONFIGURATION) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    copyFileSync(join(ROOT, name), join(root, name));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  for (const [name, text] of Object.entries({ ...CLEAN, ...planted })) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
};
