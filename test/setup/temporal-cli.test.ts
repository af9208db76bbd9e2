import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CLI_VERSION, prepareTemporal } from '../../scripts/setup/temporal-cli.mjs';

/** A program that answers --version as the real one does. */
const cliWith = (server: string): string =>
  `#!/bin/sh\necho "temporal version ${CLI_VERSION} (Server ${server}, UI 2.42.1)"\n`;

let folder: string;
let root: string;
let releases: Server;
let downloadFrom: string;
let served: Map<string, Buffer>;

const program = (path: string, text: string): string => {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
};

/** Puts a release on the server, as the official one is laid out. */
const publish = (text: string, { tampered = false } = {}): void => {
  const work = join(folder, 'release');
  program(join(work, 'temporal'), text);
  const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const name = `temporal_cli_${CLI_VERSION}_${process.platform}_${arch}.tar.gz`;
  spawnSync('tar', ['-czf', name, 'temporal'], { cwd: work });
  const archive = readFileSync(join(work, name));
  const sum = createHash('sha256').update(archive).digest('hex');
  served.set(`/v${CLI_VERSION}/${name}`, tampered ? Buffer.concat([archive, Buffer.from('x')]) : archive);
  served.set(`/v${CLI_VERSION}/checksums.txt`, Buffer.from(`${sum}  ${name}\n`));
};

/** An environment with the shell's tools and nothing else: no `temporal`, no `go`. */
const environment = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: '/usr/bin:/bin',
  WAYBILL_CACHE_DIR: join(folder, 'cache'),
  ...more,
});

const cached = () => join(folder, 'cache', `temporal-${CLI_VERSION}`, 'temporal');

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-cli-'));
  root = join(folder, 'checkout');
  mkdirSync(join(root, 'tools', 'temporal'), { recursive: true });
  served = new Map();
  releases = createServer((request, response) => {
    const body = served.get(request.url ?? '');
    response.writeHead(body === undefined ? 404 : 200).end(body);
  }).listen(0, '127.0.0.1');
  await once(releases, 'listening');
  const address = releases.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on a port');
  downloadFrom = `http://127.0.0.1:${address.port}`;
});

afterEach(() => {
  releases.close();
  rmSync(folder, { recursive: true, force: true });
});

it('the official release is downloaded once, checked and kept in the cache', async () => {
  publish(cliWith('1.29.1'));
  const first = await prepareTemporal(root, { env: environment(), downloadFrom });
  expect(first).toEqual({ path: cached(), source: 'download' });
  expect(spawnSync(first.path, ['--version'], { encoding: 'utf8' }).stdout).toContain('Server 1.29.1');
  expect(readdirSync(join(folder, 'cache', `temporal-${CLI_VERSION}`))).toEqual(['temporal']);
  served.clear();
  rmSync(join(root, 'node_modules'), { recursive: true }); // another checkout of the same user
  expect(await prepareTemporal(root, { env: environment(), downloadFrom })).toEqual({
    path: cached(),
    source: 'cache',
  });
});

it('two set-ups at once download one file and both find it', async () => {
  publish(cliWith('1.29.1'));
  const both = await Promise.all([1, 2].map(() => prepareTemporal(root, { env: environment(), downloadFrom })));
  expect(both.map(({ source }) => source).sort()).toEqual(['cache', 'download']);
});

it('TEMPORAL_CLI_PATH goes before everything else, and has to work', async () => {
  publish(cliWith('1.29.1'));
  const mine = program(join(folder, 'mine', 'temporal'), cliWith('1.30.0'));
  const named = (path: string) =>
    prepareTemporal(root, { env: environment({ TEMPORAL_CLI_PATH: path }), downloadFrom });
  expect(await named(mine)).toEqual({ path: mine, source: 'TEMPORAL_CLI_PATH' });
  await expect(named(join(folder, 'missing'))).rejects.toThrow('does not exist: correct it or unset it');
  await expect(named(program(join(folder, 'broken'), '#!/bin/sh\nexit 3\n'))).rejects.toThrow('does not run');
  await expect(named(program(join(folder, 'old'), cliWith('1.24.2')))).rejects.toThrow('needs 1.29.0 or newer');
  expect(existsSync(cached())).toBe(false);
});

it('a CLI on PATH is taken, unless it is too old', async () => {
  publish(cliWith('1.29.1'));
  const path = program(join(folder, 'bin', 'temporal'), cliWith('1.24.2'));
  const env = environment({ PATH: `${join(folder, 'bin')}:/usr/bin:/bin` });
  expect((await prepareTemporal(root, { env, downloadFrom })).source).toBe('download');
  program(path, cliWith('1.29.1'));
  rmSync(join(root, 'node_modules'), { recursive: true });
  expect(await prepareTemporal(root, { env, downloadFrom })).toEqual({ path, source: 'PATH' });
});

it('what it found once it finds again without asking anybody', async () => {
  publish(cliWith('1.29.1'));
  await prepareTemporal(root, { env: environment(), downloadFrom });
  served.clear();
  writeFileSync(cached(), readFileSync(cached())); // the same file: nothing runs it a second time
  expect(await prepareTemporal(root, { env: environment(), downloadFrom })).toMatchObject({ path: cached() });
});

it.each([
  ['is not to be had', () => undefined],
  ['does not match its checksum', () => publish(cliWith('1.29.1'), { tampered: true })],
  ['does not run', () => publish('#!/bin/sh\nexit 1\n')],
])('a release that %s is not installed, and without Go one sentence says what to do', async (_what, prepare) => {
  prepare();
  const env = environment({ PATH: folder }); // no go there
  await expect(prepareTemporal(root, { env, downloadFrom })).rejects.toThrow(
    /can neither be downloaded nor built: install it .* or Go 1\.25, or set TEMPORAL_CLI_PATH/,
  );
  expect(existsSync(cached())).toBe(false);
});

it('a release that cannot be downloaded is built with Go', async () => {
  const go = `#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\nprintf '%s' '${cliWith('1.29.1')}' > "$2"\nchmod 755 "$2"\n`;
  program(join(folder, 'go', 'go'), go); // stands in for three minutes of compiling; CI builds the real one
  const env = environment({ PATH: `${join(folder, 'go')}:/usr/bin:/bin` });
  expect(await prepareTemporal(root, { env, downloadFrom })).toEqual({ path: cached(), source: 'build with Go' });
});
