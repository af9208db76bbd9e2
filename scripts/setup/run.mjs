import { spawn } from 'node:child_process';

/**
 * Runs a command to its end, its output kept and not shown.
 * @returns {Promise<{ ok: boolean, output: string }>} never rejects: a command that cannot be started is not ok
 */
export const run = (file, args, options = {}) =>
  new Promise((resolve) => {
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const take = (chunk) => {
      output += chunk;
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', (error) => resolve({ ok: false, output: error.message }));
    child.once('close', (code) => resolve({ ok: code === 0, output: output.trim() }));
  });

/** The last lines of a command's output, indented, for the report of a failure. */
export const tail = (output, lines = 12) =>
  output
    .split('\n')
    .slice(-lines)
    .map((line) => `  ${line}`)
    .join('\n');
