import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WORKDIR = '/app';

interface Stage {
  name: string;
  steps: [instruction: string, rest: string][];
}

/** The stages of the Dockerfile with their instructions in order. */
const readStages = (): Stage[] => {
  const text = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replace(/\\\n\s*/g, '');
  const stages: Stage[] = [];
  for (const line of text.split('\n')) {
    const [, instruction, rest] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    if (instruction === undefined || rest === undefined) continue;
    if (instruction === 'FROM') stages.push({ name: / AS (\w+)$/.exec(rest)?.[1] ?? 'image', steps: [] });
    else stages.at(-1)?.steps.push([instruction, rest]);
  }
  return stages;
};

const run = (command: string, cwd: string): void => {
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', command], {
    cwd,
    encoding: 'utf8',
    // npm's own variables would point at the project that runs the tests
    env: { PATH: process.env.PATH, HOME: process.env.HOME, npm_config_prefer_offline: 'true' },
  });
  if (status !== 0) throw new Error(`${command} failed in ${cwd}:\n${stdout}\n${stderr}`);
};

const copy = (rest: string, stage: string, folderOf: (name: string) => string): void => {
  const words = rest.split(' ');
  const from = words[0]?.startsWith('--from=') ? words.shift()?.slice('--from='.length) : undefined;
  const target = words.pop() ?? '.';
  for (const source of words) {
    const path = from === undefined ? join(ROOT, source) : join(folderOf(from), source.slice(WORKDIR.length));
    const into = target.endsWith('/') ? join(target, source) : target;
    mkdirSync(dirname(join(folderOf(stage), into)), { recursive: true });
    cpSync(path, join(folderOf(stage), into), { recursive: true, verbatimSymlinks: true });
  }
};

/**
 * Runs the COPY and RUN steps of the Dockerfile, each stage in a folder of its own below `folder`, as ourselves. Left out
 * is what only an image has: the base image, users, and steps that write outside /app. The build stage's own `npm ci` would
 * repeat what set-up has done in this checkout from the same lock file, and takes that.
 * @returns the folder that stands for /app of the finished image
 */
export const buildAsFolders = (folder: string): string => {
  const folderOf = (name: string): string => join(folder, name);
  for (const { name, steps } of readStages()) {
    mkdirSync(folderOf(name), { recursive: true });
    for (const [instruction, rest] of steps) {
      if (instruction === 'COPY') copy(rest, name, folderOf);
      if (instruction !== 'RUN' || rest.startsWith('install ')) continue;
      if (rest.includes('--include=dev')) symlinkSync(join(ROOT, 'node_modules'), join(folderOf(name), 'node_modules'));
      else run(rest, folderOf(name));
    }
  }
  return folderOf('image');
};
