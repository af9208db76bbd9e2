import { followLink, getAttachment } from './attachment-route.js';
import { type Answer, type Exchange, holdsToken, problemAnswer, readJson, send } from './exchange.js';
import { sendFaulty } from './faults.js';
import { queryInstant, queryLimit, requiredText } from './fields.js';
import { listMessages, listThreads, MESSAGE_LIMIT, THREAD_LIMIT } from './listing.js';
import type { RateLimit } from './rate-limit.js';
import { RequestProblem } from './refusal.js';
import { postReply } from './reply-route.js';
import type { Station } from './station.js';
import { wireThread } from './wire.js';
import type { SimThread } from './world-model.js';

export interface ContractDeps {
  station: Station;
  token: string;
  rateLimit: RateLimit;
}

/** Everything under /v1: the vendor's API with the vendor's oddities. */
export async function answerContract(deps: ContractDeps, exchange: Exchange): Promise<void> {
  const { station } = deps;
  const now = station.now();
  if (station.faults.isOut(now)) return station.faults.answerOutage(exchange.response);
  const isLink = exchange.path[1] === 'attachment-links';
  if (!isLink && !holdsToken(exchange.request, deps.token)) throw new RequestProblem(401, 'unauthorized', 'bad token');
  if (!deps.rateLimit.isAllowed(now)) throw station.faults.tooMany(deps.rateLimit.retryAfter(now), now);
  station.faults.refuseBare(now);
  const answer = await route(deps, exchange);
  if (answer === null) return;
  const isThreadList = exchange.path.length === 2 && exchange.path[1] === 'threads';
  const isRead = exchange.method === 'GET' && answer.status === 200;
  const fault = isRead ? station.faults.readFault(isThreadList, now) : null;
  if (fault === null) send(exchange.response, answer);
  else sendFaulty(exchange.response, fault, answer);
}

async function route(deps: ContractDeps, exchange: Exchange): Promise<Answer | null> {
  const [, collection, id = '', part = ''] = exchange.path;
  const { method, query } = exchange;
  const { world } = deps.station;
  const now = deps.station.now();
  const length = exchange.path.length;
  if (collection === 'attachments' && length === 3) {
    return only('GET', method, () => getAttachment(world, id, deps.token, now));
  }
  if (collection === 'attachment-links' && length === 3) {
    return only('GET', method, () => followLink(world, id, query, deps.token, now));
  }
  if (collection !== 'threads' || length < 2 || length > 4)
    throw new RequestProblem(404, 'unknown', 'there is no such path');
  if (length === 2)
    return only('GET', method, () => ({ status: 200, body: listThreads(world, threadQuery(query), now) }));
  if (length === 3) {
    return only('GET', method, () => ({
      status: 200,
      body: wireThread(known(deps.station, id, now), world.visibility, now),
    }));
  }
  switch (part) {
    case 'messages':
      return only('GET', method, () => {
        const page = { limit: queryLimit(query, MESSAGE_LIMIT, MESSAGE_LIMIT), cursor: query.get('cursor') };
        return { status: 200, body: listMessages(world, known(deps.station, id, now), page, now) };
      });
    case 'replies':
      if (method !== 'POST') throw notAllowed();
      return postReply(deps.station, exchange, id);
    case 'notes':
      if (method !== 'POST') throw notAllowed();
      return addNote(deps.station, exchange, id);
    default:
      throw new RequestProblem(404, 'unknown', 'there is no such path');
  }
}

function threadQuery(query: URLSearchParams) {
  return {
    since: queryInstant(query, 'since'),
    until: queryInstant(query, 'until'),
    limit: queryLimit(query, THREAD_LIMIT, Number.MAX_SAFE_INTEGER),
    cursor: query.get('cursor'),
  };
}

async function addNote(station: Station, exchange: Exchange, threadId: string): Promise<Answer> {
  const text = requiredText(await readJson(exchange.request), 'text');
  const at = station.now();
  known(station, threadId, at);
  station.record({ type: 'note', at, threadId, text });
  return { status: 201, body: {} };
}

function known(station: Station, id: string, now: number): SimThread {
  const thread = station.world.threads.get(id);
  if (!thread || !station.world.visibility.exists(thread, now)) {
    throw new RequestProblem(404, 'unknown', 'there is no such thread');
  }
  return thread;
}

function only(wanted: string, method: string, answer: () => Answer): Answer {
  if (method !== wanted) throw notAllowed();
  return answer();
}

function notAllowed(): RequestProblem {
  return new RequestProblem(405, 'method_not_allowed', 'this method is not offered here');
}

/** Any failure of a route, as the contract's Problem. */
export function answerProblem(exchange: Pick<Exchange, 'response'>, failure: unknown): void {
  if (exchange.response.headersSent || exchange.response.destroyed) return;
  const problem = failure instanceof RequestProblem ? failure : new RequestProblem(500, 'internal', String(failure));
  send(exchange.response, problemAnswer(problem));
}
