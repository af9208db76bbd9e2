import { type Answer, type Exchange, readJson, send } from './exchange.js';
import { optionalText, requiredText } from './fields.js';
import type { ReplyEvent } from './journal-events.js';
import { RequestProblem } from './refusal.js';
import type { Station } from './station.js';
import { wireMessage } from './wire.js';
import type { SimThread } from './world-model.js';

/** POST /v1/threads/{id}/replies. Answers by itself where the oddities take the answer away. */
export async function postReply(station: Station, exchange: Exchange, threadId: string): Promise<Answer | null> {
  const body = await readJson(exchange.request);
  const now = station.now();
  const { world, faults } = station;
  const thread = world.threads.get(threadId);
  if (!thread || !world.visibility.exists(thread, now))
    throw new RequestProblem(404, 'unknown', 'there is no such thread');
  const text = requiredText(body, 'text');
  const html = optionalText(body, 'html', 1_000_000);
  const clientRef = optionalText(body, 'client_ref', 255);
  const key = optionalText({ key: exchange.request.headers['idempotency-key'] }, 'key', 255);
  const given = { type: 'reply', at: now, threadId, key, clientRef, text, html } as const;

  const ignoresKey = world.visibility.isOddityOn('idempotency-key-ignored', now);
  const earlier = key === null || ignoresKey ? undefined : world.replies.find((reply) => reply.key === key);
  if (earlier) {
    station.record({ ...given, messageId: earlier.messageId, executedAt: null, outcome: 'answered' });
    return resultOf(station, world.thread(earlier.threadId), earlier.messageId, now);
  }

  const delayMs = faults.replyDelayMs(now);
  const breaks = delayMs === null && faults.strikes('broken-reply', now);
  const event: ReplyEvent = {
    ...given,
    messageId: world.nextId('msg'),
    executedAt: now + (delayMs ?? 0),
    outcome: delayMs === null ? (breaks ? 'connection broken' : 'answered') : 'executed late',
  };
  station.record(event);
  if (breaks) {
    exchange.response.destroy();
    return null;
  }
  if (delayMs === null) return resultOf(station, thread, event.messageId, now);
  answerLate(station, exchange, thread, event.messageId, delayMs);
  return null;
}

/** The client that is still there when the reply is executed gets its answer; most have given up by then. */
function answerLate(station: Station, exchange: Exchange, thread: SimThread, messageId: string, delayMs: number): void {
  const timer = setTimeout(() => {
    send(exchange.response, resultOf(station, thread, messageId, station.now()));
  }, delayMs);
  timer.unref();
  exchange.response.on('close', () => clearTimeout(timer));
}

function resultOf(station: Station, thread: SimThread, messageId: string, now: number): Answer {
  const { visibility } = station.world;
  const message = station.world.message(messageId);
  return { status: 201, body: wireMessage(message, visibility.host(thread, now), visibility, now) };
}
