import type { ServerResponse } from 'node:http';
import { type Answer, encode, send } from './exchange.js';
import type { OddityName } from './oddities.js';
import { RequestProblem } from './refusal.js';
import { type SeededRandom, seededRandom } from './seeded-random.js';
import type { World } from './world.js';
import { MINUTE } from './world-model.js';

const READ_FAULTS = ['hanging-answer', 'broken-body', 'html-error-page', 'truncated-json', 'empty-list'] as const;
export type ReadFault = (typeof READ_FAULTS)[number];

const SLOT_MS = 20 * MINUTE;
const HTML = '<!doctype html><html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>';

/** What goes wrong with which request: drawn from the seed, the number of starts and the number of the request. */
export class Faults {
  private requests = 0;

  constructor(private readonly world: World) {}

  private draw(name: string): SeededRandom {
    this.requests += 1;
    return seededRandom(this.world.seed, 'fault', this.world.starts, name, this.requests);
  }

  strikes(name: OddityName, now: number): boolean {
    return this.world.visibility.isOddityOn(name, now) && this.draw(name).chance(this.world.rateOf(name));
  }

  /** Ordered by a control route, or the faulty profile's own: one piece of every 20 minutes. */
  isOut(now: number): boolean {
    if (now < this.world.outageUntil) return true;
    if (!this.world.visibility.isOddityOn('short-outage', now)) return false;
    const slot = Math.floor((now - this.world.origin.anchor) / SLOT_MS);
    const random = seededRandom(this.world.seed, 'outage', slot);
    const start = this.world.origin.anchor + slot * SLOT_MS + random.next() * (SLOT_MS - MINUTE);
    const stretched = this.world.rateOf('short-outage') / 0.01;
    return now >= start && now < start + random.between(4, 20) * 1000 * stretched;
  }

  /** An answer of a server in trouble: its own problem, a proxy's page, or none. */
  answerOutage(response: ServerResponse): void {
    const kind = this.draw('outage-answer').next();
    if (kind < 0.25) {
      response.destroy();
    } else if (kind < 0.5) {
      response.writeHead(502, { 'content-type': 'text/html' }).end(HTML);
    } else {
      send(response, { status: 503, body: { error: 'unavailable', message: 'the server is being restarted' } });
    }
  }

  readFault(isThreadList: boolean, now: number): ReadFault | null {
    return READ_FAULTS.find((name) => (name !== 'empty-list' || isThreadList) && this.strikes(name, now)) ?? null;
  }

  /** @throws RequestProblem 429 that says nothing, once in a while */
  refuseBare(now: number): void {
    if (this.strikes('bare-429', now)) throw new RequestProblem(429, 'too_many_requests', 'slow down');
  }

  tooMany(retryAfter: string, now: number): RequestProblem {
    const bare = this.world.visibility.isOddityOn('bare-429', now) && this.draw('bare-limit').chance(0.5);
    return new RequestProblem(429, 'too_many_requests', 'slow down', bare ? {} : { 'retry-after': retryAfter });
  }

  /** How long after its acceptance a reply is executed; null where it is executed at once. */
  replyDelayMs(now: number): number | null {
    return this.strikes('delayed-reply', now) ? this.draw('reply-delay').between(1, 300) * 1000 : null;
  }
}

/** Gives a good answer in the bad shape of the fault. */
export function sendFaulty(response: ServerResponse, fault: ReadFault, answer: Answer): void {
  const bytes = encode(answer.body);
  const half = bytes.subarray(0, Math.floor(bytes.length / 2));
  const json = { 'content-type': 'application/json; charset=utf-8' };
  switch (fault) {
    case 'hanging-answer':
      return;
    case 'broken-body':
      response.writeHead(200, { ...json, 'content-length': String(bytes.length) });
      response.write(half, () => response.destroy());
      return;
    case 'html-error-page':
      response.writeHead(200, { 'content-type': 'text/html' }).end(HTML);
      return;
    case 'truncated-json':
      response.writeHead(200, { ...json, 'content-length': String(half.length) }).end(half);
      return;
    case 'empty-list':
      send(response, { status: 200, body: { threads: [], next_cursor: null } });
      return;
  }
}
