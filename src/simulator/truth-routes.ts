import type { Answer, Exchange } from './exchange.js';
import { queryInstant } from './fields.js';
import { RequestProblem } from './refusal.js';
import type { Station } from './station.js';
import { messageTruths, repliesByKey, truthAt } from './truth.js';

/** Everything under /truth: what really is, for the account that compares after a run has ended. */
export function answerTruth(station: Station, exchange: Exchange): Answer {
  if (exchange.method !== 'GET') throw new RequestProblem(405, 'method_not_allowed', 'truth can only be read');
  const now = station.now();
  const at = queryInstant(exchange.query, 'at') ?? now;
  if (at > now) throw new RequestProblem(422, 'bad_parameter', 'at must not lie in the future');
  const [, part] = exchange.path;
  if (part === undefined) return { status: 200, body: truthAt(station.world, at, now) };
  if (part === 'messages') return { status: 200, body: { messages: messageTruths(station.world, at) } };
  if (part === 'replies') return { status: 200, body: { replies: repliesByKey(station.world, now) } };
  throw new RequestProblem(404, 'unknown', 'there is no such truth');
}
