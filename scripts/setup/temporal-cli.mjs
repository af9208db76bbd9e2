import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { SetupFailure } from './failure.mjs';
import { readNote } from './fingerprint.mjs';
import { withLock } from './lock.mjs';
import { isAtLeast } from './node-version.mjs';
import { cacheFolder, environmentOf, notesFolder } from './paths.mjs';
import { say, withProgress } from './progress.mjs';
import { run, tail } from './run.mjs';
import { download } from './temporal-download.mjs';

export const CLI_VERSION = '1.5.1';
/** Task queue rate limits, priorities and deployment versions are all there from this server on. */
const LEAST_SERVER = '1.29.0';
const FILE = process.platform === 'win32' ? 'temporal.exe' : 'temporal';

/** Version of the server inside a CLI; null where the file does not run. */
const serverVersion = async (path) => {
  const { ok, output } = await run(path, ['--version']);
  return ok ? (/Server ([\d.]+)/.exec(output)?.[1] ?? '0') : null;
};

const onPath = (env) =>
  (env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, FILE))
    .find((path) => existsSync(path));

const named = async (path) => {
  if (!existsSync(path)) {
    throw new SetupFailure(`TEMPORAL_CLI_PATH names ${path}, which does not exist: correct it or unset it`);
  }
  const server = await serverVersion(path);
  if (server === null)
    throw new SetupFailure(`TEMPORAL_CLI_PATH names ${path}, which does not run: correct it or unset it`);
  if (isAtLeast(server, LEAST_SERVER)) return path;
  throw new SetupFailure(
    `TEMPORAL_CLI_PATH names a CLI with server ${server} and Waybill needs ${LEAST_SERVER} or newer: update it or unset it`,
  );
};

const found = async (env) => {
  const path = onPath(env);
  if (path === undefined) return null;
  const server = await serverVersion(path);
  if (server !== null && isAtLeast(server, LEAST_SERVER)) return path;
  say(`${path} holds server ${server ?? 'unknown'}, older than ${LEAST_SERVER}: looking further`);
  return null;
};

const buildWithGo = async (root, target, env) => {
  const module = join(root, 'tools', 'temporal');
  const args = ['build', '-ldflags=-s -w', '-o', target, 'github.com/temporalio/cli/cmd/temporal'];
  return withProgress(`building the Temporal CLI ${CLI_VERSION} with Go (about 3 minutes, once)`, () =>
    run('go', args, { cwd: module, env }),
  );
};

/** Puts the CLI into the cache: by download, else by a build; whole or not at all. */
const intoCache = async (root, cached, { env, downloadFrom }) => {
  const unfinished = `${cached}.${process.pid}`;
  mkdirSync(dirname(cached), { recursive: true });
  try {
    const problem = await withProgress(`downloading the Temporal CLI ${CLI_VERSION}`, () =>
      download({ version: CLI_VERSION, target: unfinished, from: downloadFrom }),
    );
    if (problem === null && (await serverVersion(unfinished)) !== null) {
      renameSync(unfinished, cached);
      return 'download';
    }
    say(
      `the Temporal CLI could not be downloaded (${problem ?? 'the file does not run here'}): building it with Go instead`,
    );
    rmSync(unfinished, { force: true });
    const built = await buildWithGo(root, unfinished, env);
    if (!built.ok) {
      throw new SetupFailure(
        `the Temporal CLI can neither be downloaded nor built: install it (https://docs.temporal.io/cli) or Go 1.25, or set TEMPORAL_CLI_PATH; go said:\n${tail(built.output)}`,
      );
    }
    renameSync(unfinished, cached);
    return 'build with Go';
  } finally {
    rmSync(unfinished, { force: true });
  }
};

/** Which places are asked, in which order; the first that has one wins. */
const resolveCli = async (root, env, downloadFrom) => {
  if (env.TEMPORAL_CLI_PATH) return { path: await named(env.TEMPORAL_CLI_PATH), source: 'TEMPORAL_CLI_PATH' };
  const installed = await found(env);
  if (installed !== null) return { path: installed, source: 'PATH' };
  const cached = join(cacheFolder(env), `temporal-${CLI_VERSION}`, FILE);
  if (existsSync(cached)) return { path: cached, source: 'cache' };
  return withLock(`${dirname(cached)}.lock`, async () => {
    if (existsSync(cached)) return { path: cached, source: 'cache' };
    return { path: cached, source: await intoCache(root, cached, { env, downloadFrom }) };
  });
};

const questionOf = (env) => [env.TEMPORAL_CLI_PATH ?? '', onPath(env) ?? '', cacheFolder(env)].join('\n');

/**
 * Finds, downloads or builds the Temporal CLI and notes where it is, for src/embedded/find-temporal.ts.
 * @param {{ env?: NodeJS.ProcessEnv, downloadFrom?: string }} [options]
 * @returns {Promise<{ path: string, source: string }>}
 */
export const prepareTemporal = async (root, { env = environmentOf(root), downloadFrom } = {}) => {
  const note = join(notesFolder(root), 'temporal-cli.json');
  const known = JSON.parse(readNote(note) ?? '{}');
  const size = (path) => statSync(path, { throwIfNoEntry: false })?.size;
  if (known.question === questionOf(env) && size(known.path) === known.size) return known;
  const { path, source } = await resolveCli(root, env, downloadFrom);
  say(`Temporal CLI: ${path} (${source})`);
  mkdirSync(notesFolder(root), { recursive: true });
  writeFileSync(note, JSON.stringify({ path, source, size: size(path), question: questionOf(env) }));
  return { path, source };
};
