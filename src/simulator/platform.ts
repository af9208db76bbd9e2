import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { holdsToken } from './exchange.js';

/** What the platform does with one delivery. */
export interface PlatformReaction {
  /** Status of the answer; `break`: the connection breaks before one. */
  answer: number | 'break';
  /** Whether the work is taken, whatever is answered. */
  takes: boolean;
  outcome: 'done' | 'failed' | 'never';
  /** Wait before the outcome is reported. */
  afterMs: number;
  /** How often it is reported. */
  reports: number;
}

export const TAKES: PlatformReaction = { answer: 202, takes: true, outcome: 'done', afterMs: 0, reports: 1 };

/** What the platform knows of one piece of work: what it was given, did and was answered. */
export interface PlatformWork {
  message: string;
  webhookId: string;
  deliveries: number;
  taken: boolean;
  /** What was handed over, as it came first. */
  data: Record<string, unknown>;
  /** Statuses that its reports were answered with. */
  reports: number[];
}

/** A platform without a server of its own. */
export interface SimulatedPlatform {
  /** What is done with the next deliveries, in order; after them each is taken and done. */
  reactions: PlatformReaction[];
  /** Deliveries whose signature did not hold. */
  refused: number;
  truth(): PlatformWork[];
  /** Reports once more, or something else, whatever was reported before. */
  report(message: string, body: object): Promise<number>;
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Resolves when no report is under way any more. */
  close(): Promise<void>;
}

export type RunningPlatform = SimulatedPlatform & { url: string };

export interface PlatformOptions {
  secret: string;
  /** Shown when an outcome is reported. */
  token: string;
  /** Asked for by `GET /truth`. */
  controlToken: string;
  /** What is done with a delivery that `reactions` says nothing of; it is taken and done at once unless given. */
  otherwise?: PlatformReaction;
}

/**
 * An outside automation platform: takes signed webhooks, knows a repeated one by its id, does the work once and reports what became
 * of it, or does what a test says instead.
 */
export function createPlatform({ secret, token, controlToken, otherwise = TAKES }: PlatformOptions): SimulatedPlatform {
  const checker = new Webhook(secret);
  const works = new Map<string, PlatformWork>();
  const reporting = new Set<Promise<void>>();
  let closing = false;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.method === 'GET' && request.url === '/truth') {
      const isOurs = holdsToken(request, controlToken);
      response.writeHead(isOurs ? 200 : 401).end(isOurs ? JSON.stringify([...works.values()]) : '');
      return;
    }
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    let data: Record<string, unknown>;
    try {
      ({ data } = checker.verify(Buffer.concat(chunks).toString(), headers) as { data: Record<string, unknown> });
    } catch {
      platform.refused += 1;
      response.writeHead(401).end();
      return;
    }
    const reaction = platform.reactions.shift() ?? otherwise;
    const isNew = take(String(headers['webhook-id']), data, reaction);
    if (reaction.answer === 'break') response.destroy();
    else response.writeHead(reaction.answer, reaction.answer === 302 ? { location: '/elsewhere' } : {}).end();
    if (isNew && reaction.outcome !== 'never') {
      const done = reportLater(data, reaction).finally(() => reporting.delete(done));
      reporting.add(done);
    }
  }

  /** Whether this delivery is the one with which the work began. */
  function take(webhookId: string, data: Record<string, unknown>, reaction: PlatformReaction): boolean {
    const known = works.get(webhookId);
    const message = String(data.message);
    const work = known ?? { message, webhookId, deliveries: 0, taken: false, data, reports: [] };
    works.set(webhookId, work);
    work.deliveries += 1;
    if (work.taken || !reaction.takes) return false;
    work.taken = true;
    return true;
  }

  async function reportLater(
    data: Record<string, unknown>,
    { afterMs, reports, outcome }: PlatformReaction,
  ): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    for (let report = 0; report < reports && !closing; report++) {
      await platform.report(String(data.message), { status: outcome }).catch(() => undefined);
    }
  }

  const platform: SimulatedPlatform = {
    handle,
    reactions: [],
    refused: 0,
    truth: () => [...works.values()],
    async report(message, body) {
      const work = [...works.values()].find((one) => one.message === message);
      if (!work) throw new Error(`no work for ${message} ever came`);
      const answer = await fetch(String(work.data.outcomeUrl), {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      work.reports.push(answer.status);
      return answer.status;
    },
    async close() {
      closing = true;
      await Promise.all(reporting);
    },
  };
  return platform;
}

/** Starts one on 127.0.0.1. */
export async function startPlatform(options: PlatformOptions & { port?: number }): Promise<RunningPlatform> {
  const platform = createPlatform(options);
  const server = createServer((request, response) => void platform.handle(request, response));
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const closePlatform = platform.close;
  return Object.assign(platform, {
    url: `http://127.0.0.1:${port}/work`,
    async close() {
      const ended = closePlatform();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await ended;
    },
  });
}
