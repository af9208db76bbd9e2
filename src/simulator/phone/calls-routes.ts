import type { IncomingMessage } from 'node:http';
import { type Answer, type Exchange } from '../exchange.js';
import { RequestProblem } from '../refusal.js';
import type { PhoneWorld } from './exchange-world.js';
import type { SimulatedCall } from './model.js';

const BODY_LIMIT = 65_536;
const NUMBER = /^\+[1-9]\d{6,14}$/;

/** `null`: the connection breaks instead of an answer. */
export type CallsAnswer = Answer | null;

/** The Calls resource: create, read one, list. The shapes are those of Twilio's API of 2010-04-01. */
export async function answerCalls(world: PhoneWorld, accountSid: string, exchange: Exchange): Promise<CallsAnswer> {
  const [, , account, resource = '', file] = exchange.path;
  if (account !== accountSid) throw new RequestProblem(404, '20404', 'the account was not found');
  if (world.strikes('too-many')) throw new RequestProblem(429, '20429', 'too many requests', { 'retry-after': '1' });
  if (world.strikes('bare-too-many')) throw new RequestProblem(429, '20429', 'too many requests');
  if (resource === 'Calls.json' && exchange.method === 'POST') return create(world, accountSid, exchange.request);
  if (resource === 'Calls.json' && exchange.method === 'GET') return list(world, accountSid, exchange.query);
  if (resource === 'Calls' && file?.endsWith('.json') && exchange.method === 'GET') {
    const call = world.find(file.slice(0, -'.json'.length));
    if (!call) throw new RequestProblem(404, '20404', 'the call was not found');
    return { status: 200, body: shown(world, accountSid, call) };
  }
  throw new RequestProblem(404, '20404', 'there is no such resource');
}

async function create(world: PhoneWorld, accountSid: string, request: IncomingMessage): Promise<CallsAnswer> {
  const form = await readForm(request);
  if (world.strikes('broken-before-acceptance')) return null;
  const to = form.get('To') ?? '';
  const from = form.get('From') ?? '';
  const url = form.get('Url') ?? '';
  if (!NUMBER.test(to)) throw new RequestProblem(400, '21211', "the 'To' number is not a valid phone number");
  if (!NUMBER.test(from)) throw new RequestProblem(400, '21212', "the 'From' number is not a valid phone number");
  if (!URL.canParse(url)) throw new RequestProblem(400, '21205', 'the Url is not valid');
  const events = form.getAll('StatusCallbackEvent');
  const call = world.place({
    to,
    from,
    url,
    statusCallback: form.get('StatusCallback'),
    events: events.length === 0 ? ['completed'] : events,
  });
  if (world.strikes('broken-after-acceptance')) return null;
  return { status: 201, body: shown(world, accountSid, call) };
}

/** Newest first. StartTime leaves out what was never dialled, as a call that is queued has no start. */
function list(world: PhoneWorld, accountSid: string, query: URLSearchParams): Answer {
  const pageSize = Math.min(1000, Math.max(1, Number(query.get('PageSize') ?? '50')));
  const page = Number(query.get('Page') ?? '0');
  const now = world.now();
  const wanted = (name: string, value: string) => query.get(name) === null || query.get(name) === value;
  const startedFrom = query.get('StartTime>') ?? query.get('StartTime');
  const found = world.calls
    .filter((call) => call.listedAt <= now && wanted('To', call.to) && wanted('From', call.from))
    .filter((call) => wanted('Status', world.status(call)))
    .filter((call) => {
      if (startedFrom === null) return true;
      const startedAt = startOf(world, call);
      return startedAt !== null && startedAt >= Date.parse(startedFrom);
    })
    .reverse();
  const rows = found.slice(page * pageSize, (page + 1) * pageSize);
  const isLast = (page + 1) * pageSize >= found.length;
  const next = new URLSearchParams(query);
  next.set('Page', String(page + 1));
  next.set('PageSize', String(pageSize));
  const path = `/2010-04-01/Accounts/${accountSid}/Calls.json`;
  return {
    status: 200,
    body: {
      calls: rows.map((call) => shown(world, accountSid, call)),
      page,
      page_size: pageSize,
      uri: `${path}?${query.toString()}`,
      next_page_uri: isLast ? null : `${path}?${next.toString()}`,
    },
  };
}

const startOf = (world: PhoneWorld, call: SimulatedCall): number | null => {
  const dialled = call.stages.find(({ status }) => status === 'initiated');
  return dialled && world.now() >= call.createdAt + dialled.afterMs ? call.createdAt + dialled.afterMs : null;
};

const rfc2822 = (at: number | null): string | null =>
  at === null ? null : new Date(at).toUTCString().replace('GMT', '+0000');

function shown(world: PhoneWorld, accountSid: string, call: SimulatedCall): Record<string, unknown> {
  const last = call.stages.at(-1);
  const endedAt = last && world.now() >= call.createdAt + last.afterMs ? call.createdAt + last.afterMs : null;
  return {
    sid: call.sid,
    account_sid: accountSid,
    to: call.to,
    from: call.from,
    status: world.status(call),
    direction: 'outbound-api',
    date_created: rfc2822(call.createdAt),
    date_updated: rfc2822(world.now()),
    start_time: rfc2822(startOf(world, call)),
    end_time: rfc2822(endedAt),
    duration: endedAt === null ? null : String(Math.floor((endedAt - call.createdAt) / 1000)),
    api_version: '2010-04-01',
    uri: `/2010-04-01/Accounts/${accountSid}/Calls/${call.sid}.json`,
  };
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > BODY_LIMIT) throw new RequestProblem(413, '20413', 'the body is too long');
    chunks.push(bytes);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
