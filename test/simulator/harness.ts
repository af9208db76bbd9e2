import type { Clock } from '../../src/domain/clock.js';
import { type RunningSimulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.js';
import type { MessageTruth, Truth } from '../../src/simulator/truth.js';
import type { WireMessage, WireThread } from '../../src/simulator/wire.js';

export const TOKEN = 'token-of-the-contract';
export const CONTROL = 'token-of-the-control';

export class TurnableClock implements Clock {
  private at = Date.parse('2026-06-15T12:00:00Z');
  now(): Date {
    return new Date(this.at);
  }
  advance(ms: number): void {
    this.at += ms;
  }
  ago(ms: number): string {
    return new Date(this.at - ms).toISOString();
  }
}

type Init = Omit<RequestInit, 'headers'> & { headers?: Record<string, string> };

export interface Rig {
  simulator: RunningSimulator;
  clock: TurnableClock;
  fetch(path: string, init?: Init): Promise<Response>;
  get<T>(path: string): Promise<T>;
  control<T = { messageId: string; threadId: string }>(name: string, body: object): Promise<T>;
  truth(at?: string): Promise<Truth>;
  truths(): Promise<MessageTruth[]>;
  list(query: string): Promise<WireThread[]>;
  read(threadId: string): Promise<WireMessage[]>;
  reply(threadId: string, body: object, headers?: Record<string, string>): Promise<Response>;
  close(): Promise<void>;
}

/** A simulator of a small world on a clock that the test turns; every call goes over HTTP. */
export async function startRig(options: Partial<SimulatorOptions> = {}): Promise<Rig> {
  const clock = new TurnableClock();
  const given = { threads: 0, rateLimit: 0, clock, ...options };
  const simulator = await startSimulator({ token: TOKEN, controlToken: CONTROL, ...given });
  const call = (path: string, init: Init = {}, token = TOKEN) =>
    fetch(simulator.url + path, {
      redirect: 'manual',
      ...init,
      headers: { authorization: `Bearer ${token}`, ...init.headers },
    });
  const json = async <T>(response: Response): Promise<T> => {
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  const get = async <T>(path: string) => json<T>(await call(path));
  const known = async <T>(path: string) => json<T>(await call(path, {}, CONTROL));
  return {
    simulator,
    clock,
    fetch: (path, init) => call(path, init),
    get,
    control: async (name, body) =>
      json(await call(`/control/${name}`, { method: 'POST', body: JSON.stringify(body) }, CONTROL)),
    truth: (at) => known(at === undefined ? '/truth' : `/truth?at=${encodeURIComponent(at)}`),
    truths: async () => (await known<{ messages: MessageTruth[] }>('/truth/messages')).messages,
    list: async (query) => {
      const rows: WireThread[] = [];
      let cursor: string | null = null;
      do {
        const more: string = cursor === null ? '' : `&cursor=${cursor}`;
        const page: { threads: WireThread[]; next_cursor: string | null } = await get(`/v1/threads?${query}${more}`);
        rows.push(...page.threads);
        cursor = page.next_cursor;
      } while (cursor !== null);
      return rows;
    },
    read: async (threadId) => {
      const rows: WireMessage[] = [];
      let cursor: string | null = null;
      do {
        const more: string = cursor === null ? '' : `?cursor=${cursor}`;
        const page: { messages: WireMessage[]; next_cursor: string | null } = await get(
          `/v1/threads/${threadId}/messages${more}`,
        );
        rows.push(...page.messages);
        cursor = page.next_cursor;
      } while (cursor !== null);
      return rows;
    },
    reply: (threadId, body, headers = {}) =>
      call(`/v1/threads/${threadId}/replies`, { method: 'POST', body: JSON.stringify(body), headers }),
    close: () => simulator.close(),
  };
}
