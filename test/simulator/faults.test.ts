import { afterEach, describe, expect, it } from 'vitest';
import type { OddityName } from '../../src/simulator/oddities.js';
import { type Rig, startRig, TOKEN } from './harness.js';

let rig: Rig;
afterEach(() => rig.close());

/** Asks until an answer shows the fault; every fault is rare by design and repeats for the same seed. */
async function until<T>(ask: () => Promise<T | null>): Promise<T> {
  for (let count = 0; count < 3000; count += 1) {
    const found = await ask();
    if (found !== null) return found;
  }
  throw new Error('the fault never showed');
}

async function startWith(oddity: OddityName, threads = 5): Promise<void> {
  rig = await startRig({ profile: 'documented', threads, oddities: { [oddity]: true } });
}

describe('the faulty server', () => {
  it('answers 429 above its rate, with Retry-After in seconds or as a date', async () => {
    rig = await startRig({ profile: 'documented', rateLimit: 5 });
    const answers = await Promise.all(Array.from({ length: 11 }, () => rig.fetch('/v1/threads')));
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(5);
    const waits = answers
      .filter((answer) => answer.status === 429)
      .map((answer) => answer.headers.get('retry-after') ?? '');
    expect(waits.filter((wait) => wait === '1').length).toBeGreaterThan(0);
    expect(
      waits.filter((wait) => Date.parse(wait) > rig.clock.now().getTime() && wait.endsWith('GMT')).length,
    ).toBeGreaterThan(0);
    rig.clock.advance(1000);
    expect((await rig.fetch('/v1/threads')).status).toBe(200);
  });

  it('answers 429 without Retry-After, with bare-429', async () => {
    await startWith('bare-429');
    const headers = await until(async () => {
      const answer = await rig.fetch('/v1/threads');
      await answer.arrayBuffer();
      return answer.status === 429 ? answer.headers : null;
    });
    expect(headers.get('retry-after')).toBeNull();
  });

  it('answers 200 with an HTML page, with html-error-page', async () => {
    await startWith('html-error-page');
    const text = await until(async () => {
      const answer = await rig.fetch('/v1/threads');
      const body = await answer.text();
      return answer.headers.get('content-type') === 'text/html' && answer.status === 200 ? body : null;
    });
    expect(text).toContain('<html>');
  });

  it('answers 200 with half of the JSON, with truncated-json', async () => {
    await startWith('truncated-json');
    const text = await until(async () => {
      const body = await (await rig.fetch('/v1/threads')).text();
      return body.endsWith('}') ? null : body;
    });
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
  });

  it('answers an empty last page where there are threads, with empty-list', async () => {
    await startWith('empty-list');
    const page = await until(async () => {
      const body = await rig.get<{ threads: unknown[] }>('/v1/threads');
      return body.threads.length === 0 ? body : null;
    });
    expect(page).toEqual({ threads: [], next_cursor: null });
  });

  it('breaks a body off in the middle, with broken-body', async () => {
    await startWith('broken-body', 60);
    const failure = await until(async () => {
      const answer = await rig.fetch('/v1/threads');
      return answer.text().then(
        () => null,
        (error: unknown) => error,
      );
    });
    expect(failure).toBeInstanceOf(TypeError);
  });

  it('hangs without an answer, with hanging-answer, and can still be stopped', async () => {
    await startWith('hanging-answer');
    const hung = await until(async () =>
      fetch(`${rig.simulator.url}/v1/threads`, {
        headers: { authorization: `Bearer ${TOKEN}` },
        signal: AbortSignal.timeout(300),
      }).then(
        async (answer) => {
          await answer.arrayBuffer();
          return null;
        },
        (error: unknown) => (error as Error).name,
      ),
    );
    expect(hung).toBe('TimeoutError');
  });

  it('is out for as long as the control route says, and control still answers', async () => {
    rig = await startRig({ profile: 'documented' });
    await rig.control('outage', { ms: 5000 });
    const attempt = () =>
      rig.fetch('/v1/threads').then(
        (answer) => answer.status,
        () => 0,
      );
    const answers = await Promise.all(Array.from({ length: 40 }, attempt));
    expect(new Set(answers)).toEqual(new Set([0, 502, 503]));
    expect(await rig.truth()).toMatchObject({ obtainable: [] });
    rig.clock.advance(5000);
    expect(await attempt()).toBe(200);
  });

  it('has short outages of its own, with short-outage', async () => {
    await startWith('short-outage', 0);
    let out = 0;
    for (let second = 0; second < 3600; second += 4) {
      const status = await rig.fetch('/v1/threads').then(
        (answer) => answer.status,
        () => 0,
      );
      if (status !== 200) out += 1;
      rig.clock.advance(4000);
    }
    expect(out).toBeGreaterThan(2);
    expect(out).toBeLessThan(40);
  });
});

describe('GET /v1/attachments/{id}', () => {
  async function attachments(): Promise<{ id: string; size: number; receivedAt: string }[]> {
    const found: { id: string; size: number; receivedAt: string }[] = [];
    for (const thread of await rig.list('limit=100')) {
      for (const message of await rig.read(thread.id)) {
        for (const { id, size } of message.attachments) found.push({ id, size, receivedAt: message.received_at });
      }
    }
    return found;
  }
  const bytesOf = async (id: string) => (await (await rig.fetch(`/v1/attachments/${id}`)).arrayBuffer()).byteLength;

  it('gives the bytes announced as documented, and other lengths with attachment-size-lies', async () => {
    rig = await startRig({ profile: 'documented', threads: 150 });
    const all = await attachments();
    expect(all.length).toBeGreaterThan(5);
    for (const { id, size } of all) expect(await bytesOf(id)).toBe(size);
    await rig.control('oddities', { 'attachment-size-lies': 'on' });
    const lengths = await Promise.all(all.map(async ({ id, size }) => (await bytesOf(id)) === size));
    expect(lengths).toContain(false);
    expect((await rig.fetch('/v1/attachments/unknown')).status).toBe(404);
  });

  it('has lost those of old messages, with attachment-gone', async () => {
    await startWith('attachment-gone', 150);
    for (const { id, receivedAt } of await attachments()) {
      const old = receivedAt < rig.clock.ago(180 * 86_400_000);
      expect((await rig.fetch(`/v1/attachments/${id}`)).status).toBe(old ? 404 : 200);
    }
  });

  it('redirects some to a link that needs no token and expires, with attachment-link-expires', async () => {
    await startWith('attachment-link-expires', 150);
    const all = await attachments();
    const answers = await Promise.all(all.map(({ id }) => rig.fetch(`/v1/attachments/${id}`)));
    const at = answers.findIndex((answer) => answer.status === 302);
    const link = rig.simulator.url + (answers[at]?.headers.get('location') ?? '');
    const followed = await fetch(link);
    expect((await followed.arrayBuffer()).byteLength).toBe(all[at]?.size);
    expect((await fetch(`${link}x`)).status).toBe(404);
    rig.clock.advance(61_000);
    expect((await fetch(link)).status).toBe(410);
  });
});
