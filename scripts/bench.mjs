#!/usr/bin/env node
/** `npm run bench -- NAME` and `npm run prove -- NAME`: set-up, then one benchmark or proof in a process of its own. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './setup/paths.mjs';
import { setupOrExit } from './setup.mjs';

await setupOrExit();
const args = ['--import', 'tsx', join(ROOT, 'bench', 'main.ts'), ...process.argv.slice(2)];
const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('close', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
});
