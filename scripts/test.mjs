#!/usr/bin/env node
/** `npm test`: set-up, then the tests; arguments go to vitest. Ends with the line `N passed, N failed`. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMain, ROOT } from './setup/paths.mjs';
import { setupOrExit } from './setup.mjs';

/** Counts of a vitest report; a file that could not be read or set up counts as one failed test. */
export const countTests = (report) => {
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + brokenFiles.length };
};

const runVitest = (args) =>
  new Promise((resolve) => {
    const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
    const child = spawn(process.execPath, [vitest, 'run', ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
    child.once('close', (code) => resolve(code ?? 1));
  });

const main = async () => {
  await setupOrExit();
  const folder = mkdtempSync(join(tmpdir(), 'waybill-report-'));
  const reportPath = join(folder, 'report.json');
  try {
    const code = await runVitest([
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${reportPath}`,
      ...process.argv.slice(2),
    ]);
    const counts = existsSync(reportPath)
      ? countTests(JSON.parse(readFileSync(reportPath, 'utf8')))
      : { passed: 0, failed: 1 };
    process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
    process.exitCode = code === 0 && counts.failed > 0 ? 1 : code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

if (isMain(import.meta.url)) await main();
