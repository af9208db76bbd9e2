import { createHash } from 'node:crypto';
import { chmodSync, createWriteStream, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { run } from './run.mjs';

const OFFICIAL = 'https://github.com/temporalio/cli/releases/download';
const ANSWER_LIMIT_MS = 10_000;
const SILENCE_LIMIT_MS = 30_000;
const ARCH = { arm64: 'arm64', x64: 'amd64' };

const archiveName = (version) => {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const ending = process.platform === 'win32' ? 'zip' : 'tar.gz';
  return `temporal_cli_${version}_${system}_${ARCH[process.arch] ?? process.arch}.${ending}`;
};

/** Answers within ten seconds or not at all: where the network swallows packets, set-up goes on with the build. */
const answerOf = async (url) => {
  const stop = new AbortController();
  const timer = setTimeout(
    () => stop.abort(new Error(`no answer within ${ANSWER_LIMIT_MS / 1_000} s`)),
    ANSWER_LIMIT_MS,
  );
  try {
    const response = await fetch(url, { signal: stop.signal });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    return { response, stop };
  } finally {
    clearTimeout(timer);
  }
};

const fetchText = async (url) => (await answerOf(url)).response.text();

const fetchFile = async (url, path) => {
  const { response, stop } = await answerOf(url);
  let timer;
  const guard = new Transform({
    transform(chunk, _encoding, done) {
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(new Error('the download stalled')), SILENCE_LIMIT_MS);
      done(null, chunk);
    },
  });
  try {
    await pipeline(Readable.fromWeb(response.body), guard, createWriteStream(path));
  } finally {
    clearTimeout(timer);
  }
};

const sha256 = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');

const unpack = async (folder, name) => {
  const { ok, output } = await run('tar', ['-xf', name], { cwd: folder });
  if (!ok) throw new Error(`the archive could not be unpacked: ${output}`);
};

/**
 * Downloads the official release, compares it with the release's own list of checksums, and moves the CLI to `target`.
 * @returns {Promise<string | null>} what went wrong, or null
 */
export const download = async ({ version, target, from = OFFICIAL }) => {
  const name = archiveName(version);
  const folder = mkdtempSync(join(dirname(target), 'download-'));
  try {
    const sums = await fetchText(`${from}/v${version}/checksums.txt`);
    const wanted = sums
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .find(([, file]) => file?.replace(/^\*/, '') === name)?.[0];
    if (wanted === undefined) return `the release names no ${name}`;
    await fetchFile(`${from}/v${version}/${name}`, join(folder, name));
    if (sha256(join(folder, name)) !== wanted) return 'the archive does not match its checksum';
    await unpack(folder, name);
    renameSync(join(folder, process.platform === 'win32' ? 'temporal.exe' : 'temporal'), target);
    chmodSync(target, 0o755);
    return null;
  } catch (error) {
    return error.cause?.code ?? error.cause?.message ?? error.message;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
