import { spawn } from 'node:child_process';

export interface CommandResult {
  /** Exit code; null where a signal ended it or it could not be started. */
  code: number | null;
  /** What it wrote on both channels, in order. */
  output: string;
}

export interface CommandOptions {
  uid?: number | undefined;
  gid?: number | undefined;
  env?: NodeJS.ProcessEnv | undefined;
  /** Folder that the user of the command can enter. */
  cwd?: string | undefined;
}

/** Runs a short command to its end and never throws: a command that cannot be started has code null and says why. */
export const runCommand = (
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> =>
  new Promise((resolve) => {
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const take = (chunk: Buffer) => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', (error) => resolve({ code: null, output: error.message }));
    child.once('close', (code) => resolve({ code, output }));
  });
