import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTROL, TOKEN } from './harness.js';

/** The built process: `npm test` builds dist/ first. */
const MAIN = resolve('dist/simulator/main.js');
const TOKENS = ['--token', TOKEN, '--control-token', CONTROL];
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'simulator-process-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

async function refusal(...args: string[]): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stderr };
}

async function listening(child: ChildProcess): Promise<{ port: number; url: string }> {
  if (!child.stdout) throw new Error('the child has no stdout');
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { event: string; port: number; url: string };
    if (event.event === 'simulator.listening') return event;
  }
  throw new Error('the simulator ended before it listened');
}

const start = (...args: string[]) =>
  spawn(process.execPath, [MAIN, ...TOKENS, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
const ask = async (url: string, path: string, token: string, init: RequestInit = {}) =>
  (await (await fetch(url + path, { ...init, headers: { authorization: `Bearer ${token}` } })).json()) as Record<
    string,
    unknown
  >;

describe('the simulator as a process', () => {
  it('survives SIGKILL with its anchor, its messages and its replies, and stops on SIGTERM', async () => {
    const flags = ['--state-dir', join(dir, 'killed'), '--threads', '30', '--traffic-per-hour', '3600'];
    const first = start(...flags);
    const { url } = await listening(first);
    const body = JSON.stringify({ text: 'before the kill' });
    const written = await ask(url, '/control/inbound', CONTROL, { method: 'POST', body });
    const reply = JSON.stringify({ text: 'answer', client_ref: 'wb-1' });
    const sent = await ask(url, `/v1/threads/${String(written.threadId)}/replies`, TOKEN, {
      method: 'POST',
      body: reply,
    });
    const anchor = (await ask(url, '/control/state', CONTROL)).anchor;
    const before = await ask(url, '/truth', CONTROL);
    first.kill('SIGKILL');
    await once(first, 'close');

    const second = start(...flags);
    const again = await listening(second);
    expect((await ask(again.url, '/control/state', CONTROL)).anchor).toBe(anchor);
    const after = await ask(again.url, `/truth?at=${String(before.at)}`, CONTROL);
    expect(after.obtainable).toEqual(before.obtainable);
    expect(after.replies).toEqual(before.replies);
    expect(JSON.stringify(after)).toContain(String(sent.id));
    second.kill('SIGTERM');
    expect(await once(second, 'close')).toEqual([0, null]);
  });

  it('ends when the process that forked it is gone', async () => {
    const child = fork(MAIN, [...TOKENS, '--threads', '0'], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    await listening(child);
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('refuses bad flags, a bad corpus and a port in use with one sentence and exit code 2', async () => {
    const corpus = join(dir, 'no.csv');
    writeFileSync(corpus, '"never closed');
    const holder = start('--threads', '0');
    const { port } = await listening(holder);
    const refusals = await Promise.all([
      refusal('--nonsense'),
      refusal('--token', 'a'),
      refusal(...TOKENS, '--profile', 'perfect'),
      refusal(...TOKENS, '--oddity', 'no-such=on'),
      refusal(...TOKENS, '--threads', 'many'),
      refusal(...TOKENS, '--corpus', corpus),
      refusal(...TOKENS, '--corpus', join(dir, 'missing.csv')),
      refusal(...TOKENS, '--threads', '0', '--port', String(port)),
    ]);
    holder.kill('SIGTERM');
    await once(holder, 'close');
    expect(refusals.map(({ code }) => code)).toEqual(refusals.map(() => 2));
    const sentences = refusals.map(({ stderr }) => stderr);
    for (const sentence of sentences) expect(sentence).toMatch(/^[^\n]+\.\n$/);
    expect(sentences[5]).toContain('is no CSV');
    expect(sentences[7]).toContain(`Port ${port} is in use`);
  });
});
