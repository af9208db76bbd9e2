import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SimulatorRefusal } from '../../src/simulator/refusal.js';
import { type Rig, startRig } from './harness.js';

let stateDir: string;
let rigs: Rig[] = [];
const rigOf = async (options: Parameters<typeof startRig>[0] = {}): Promise<Rig> => {
  const rig = await startRig({ stateDir, threads: 40, ...options });
  rigs.push(rig);
  return rig;
};
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'simulator-state-'));
});
afterEach(async () => {
  await Promise.all(rigs.map((rig) => rig.close()));
  rigs = [];
  rmSync(stateDir, { recursive: true });
});

async function whole(rig: Rig) {
  const threads = await rig.list('limit=100');
  return {
    threads,
    messages: await Promise.all(threads.map((thread) => rig.read(thread.id))),
    truth: await rig.truth(),
  };
}

describe('the state folder', () => {
  it('brings back past, traffic, replies and switches after a second process opens it, without a stop', async () => {
    const first = await rigOf({ trafficPerHour: 200 });
    first.clock.advance(3_600_000);
    const { threadId } = await first.control('inbound', { text: 'written from outside' });
    await first.reply(threadId, { text: 'an answer', client_ref: 'wb-1' }, { 'idempotency-key': 'k' });
    await first.control('oddities', { 'late-body': 'off' });
    await first.control('traffic', { perHour: 50 });
    first.clock.advance(3_600_000);
    const second = await rigOf({});
    second.clock.advance(7_200_000);
    expect(await whole(second)).toEqual(await whole(first));
    expect((await second.truth()).replies).toHaveLength(1);
  });

  it('cuts off a last line that a kill left unfinished', async () => {
    const first = await rigOf();
    await first.control('inbound', {});
    const before = await whole(first);
    appendFileSync(join(stateDir, 'simulator.ndjson'), '{"type":"inbound","at":17');
    const second = await rigOf();
    expect(await whole(second)).toEqual(before);
    const lines = readFileSync(join(stateDir, 'simulator.ndjson'), 'utf8').trimEnd().split('\n');
    expect(lines.every((line) => typeof JSON.parse(line) === 'object')).toBe(true);
  });

  it('refuses a damaged journal, another seed and a folder that is none, in one sentence each', async () => {
    await rigOf();
    await expect(rigOf({ seed: 9 })).rejects.toThrow(/was made with --seed 1, not 9/);
    const journal = join(stateDir, 'simulator.ndjson');
    writeFileSync(journal, `${readFileSync(journal, 'utf8')}damaged\n`);
    await expect(rigOf()).rejects.toThrow(/Line \d+ of .* is damaged/);
    await expect(rigOf({ stateDir: journal })).rejects.toThrow(SimulatorRefusal);
  });

  it('keeps the words of a corpus when the next start names none', async () => {
    const file = join(stateDir, 'words.csv');
    writeFileSync(file, 'text,category\n"first, with a comma",a\n"second ""quoted""\nline",b\n');
    const first = await rigOf({ corpus: file, profile: 'documented' });
    const before = await whole(first);
    const texts = new Set(
      before.messages
        .flat()
        .filter((m) => m.direction === 'inbound')
        .map((m) => m.text),
    );
    expect(texts).toContain('second "quoted"\nline');
    rmSync(file);
    expect(await whole(await rigOf())).toEqual(before);
  });

  it('takes another corpus for what arrives from then on, and leaves the past as it was', async () => {
    const file = join(stateDir, 'words.csv');
    writeFileSync(file, 'text\nwords of the corpus\n');
    const before = await whole(await rigOf({ profile: 'documented' }));
    const second = await rigOf({ corpus: file, trafficPerHour: 100 });
    expect((await whole(second)).messages).toEqual(before.messages);
    second.clock.advance(3_600_000);
    const texts = (await whole(second)).messages.flat().map((message) => message.text);
    expect(texts).toContain('words of the corpus');
  });
});
