import { type Answer, type Exchange, readJson } from './exchange.js';
import { optionalText, requiredAmount, requiredText } from './fields.js';
import { writeInbound } from './inbound-control.js';
import { isOddityName, isProfile, PROFILES } from './oddities.js';
import { RequestProblem } from './refusal.js';
import type { Station } from './station.js';
import { DAY, type SimMessage, type SimThread } from './world-model.js';

type Body = Record<string, unknown>;

export const MOST_PER_HOUR = 100_000;

const POSTS: Record<string, (station: Station, body: Body) => Answer> = {
  inbound: writeInbound,
  traffic: (station, body) => {
    const perHour = requiredAmount(body, 'perHour', MOST_PER_HOUR);
    station.record({ type: 'traffic', at: station.now(), perHour });
    return done({ perHour });
  },
  oddities: (station, body) => {
    const turns = Object.entries(body).map(([name, value]) => {
      if (!isOddityName(name)) throw new RequestProblem(422, 'bad_parameter', `there is no oddity ${name}`);
      if (value !== 'on' && value !== 'off')
        throw new RequestProblem(422, 'bad_parameter', `${name} must be on or off`);
      return { name, on: value === 'on' };
    });
    const at = station.now();
    for (const { name, on } of turns) station.record({ type: 'oddity', at, name, on });
    return done({ oddities: station.world.switches.allAt(at) });
  },
  profile: (station, body) => {
    const profile = requiredText(body, 'profile');
    if (!isProfile(profile))
      throw new RequestProblem(422, 'bad_parameter', `profile must be one of ${PROFILES.join(', ')}`);
    station.record({ type: 'profile', at: station.now(), profile });
    return done({ profile });
  },
  'person-reply': (station, body) => {
    const at = station.now();
    const thread = threadOf(station, requiredText(body, 'threadId'), at);
    const messageId = station.world.nextId('msg');
    station.record({ type: 'person', at, threadId: thread.id, messageId, text: requiredText(body, 'text') });
    return { status: 201, body: { messageId, threadId: thread.id } };
  },
  outage: (station, body) => {
    const ms = requiredAmount(body, 'ms', DAY);
    const at = station.now();
    station.record({ type: 'outage', at, ms });
    return done({ until: new Date(at + ms).toISOString() });
  },
  delete: (station, body) => {
    const at = station.now();
    const messageId = optionalText(body, 'messageId', 255);
    if (messageId !== null) {
      station.record({ type: 'deleteMessage', at, messageId: messageOf(station, messageId).id });
      return done({ messageId });
    }
    const threadId = threadOf(station, requiredText(body, 'threadId'), at).id;
    station.record({ type: 'deleteThread', at, threadId });
    return done({ threadId });
  },
  merge: (station, body) => {
    const at = station.now();
    const lost = threadOf(station, requiredText(body, 'lost'), at);
    const survivor = threadOf(station, requiredText(body, 'survivor'), at);
    if (lost === survivor) throw new RequestProblem(422, 'bad_parameter', 'survivor must be another thread than lost');
    station.record({ type: 'merge', at, lost: lost.id, survivor: survivor.id });
    return done({ lost: lost.id, survivor: survivor.id });
  },
  'late-body': (station, body) => {
    const at = station.now();
    const message = messageOf(station, requiredText(body, 'messageId'));
    const until = at + requiredAmount(body, 'ms', 400 * DAY);
    station.record({ type: 'lateBody', at, messageId: message.id, until });
    return done({ messageId: message.id, until: new Date(until).toISOString() });
  },
};

/** Everything under /control: what tests and the demo do to the world. */
export async function answerControl(station: Station, exchange: Exchange): Promise<Answer> {
  const [, name = ''] = exchange.path;
  if (exchange.method === 'GET' && name === 'state') return done(stateOf(station));
  const post = Object.hasOwn(POSTS, name) && exchange.path.length === 2 ? POSTS[name] : undefined;
  if (!post) throw new RequestProblem(404, 'unknown', 'there is no such control');
  if (exchange.method !== 'POST') throw new RequestProblem(405, 'method_not_allowed', 'use POST here');
  return post(station, await readJson(exchange.request));
}

function stateOf(station: Station) {
  const now = station.now();
  const { world } = station;
  return {
    now: new Date(now).toISOString(),
    anchor: new Date(world.origin.anchor).toISOString(),
    seed: world.seed,
    days: world.origin.days,
    threads: world.threads.size,
    messages: world.messages.size,
    replies: world.replies.length,
    notes: world.notes,
    starts: world.starts,
    profile: world.switches.profile,
    oddities: world.switches.allAt(now),
    trafficPerHour: world.trafficPerHour,
    corpus: world.corpus,
    outage: station.faults.isOut(now),
  };
}

function threadOf(station: Station, id: string, at: number): SimThread {
  const thread = station.world.threads.get(id);
  if (!thread) throw new RequestProblem(404, 'unknown', 'there is no such thread');
  return station.world.visibility.host(thread, at);
}

function messageOf(station: Station, id: string): SimMessage {
  const message = station.world.messages.get(id);
  if (!message) throw new RequestProblem(404, 'unknown', 'there is no such message');
  return message;
}

function done(body: object): Answer {
  return { status: 200, body };
}
