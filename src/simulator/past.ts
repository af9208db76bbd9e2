import { drawInbound, drawPersonReply, drawTransitMs, twinOf } from './draw-message.js';
import { drawCustomer, drawThread } from './draw-thread.js';
import type { RateOf } from './oddities.js';
import { type SeededRandom, seededRandom } from './seeded-random.js';
import type { Texts } from './texts.js';
import { DAY, HOUR, INBOXES, MINUTE, type SimThread } from './world-model.js';

export interface PastShape {
  seed: number;
  anchor: number;
  threads: number;
  days: number;
  rateOf: RateOf;
  /** One thread in so many is a long conversation; 97 unless given. */
  longEvery?: number;
  /** How the number of new threads grows over the days: as their power; 0, the default, is even. */
  growth?: number;
}

/** Nothing of the past happens later than this before the anchor: a world begins quiet. */
const QUIET_MS = 12 * MINUTE;

/** The threads of the past, oldest first: the same for the same seed, anchor, size and texts. */
export function drawPast(shape: PastShape, texts: Texts): SimThread[] {
  const end = shape.anchor - QUIET_MS;
  const twins = Math.floor(shape.threads * 0.01);
  const singles = shape.threads - twins;
  const threads = Array.from({ length: singles }, (_, index) => drawConversation(shape, texts, end, index));
  for (let index = 0; index < twins; index += 1) threads.push(drawTwin(shape, threads, end, index));
  threads.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  drawMerges(shape, threads);
  return threads;
}

function drawConversation(shape: PastShape, texts: Texts, end: number, index: number): SimThread {
  const random = seededRandom(shape.seed, 'past', index);
  // A margin keeps every thread inside a horizon of the same number of days that is measured a few days later.
  const margin = Math.min(5, shape.days * 0.02) * DAY;
  const span = Math.max(HOUR, shape.days * DAY - margin - QUIET_MS);
  const messagesWanted = deepLength(shape, index, random);
  const share = shareOfPast(shape, messagesWanted > 0, random);
  const createdAt = Math.round(end - share * span);
  const writing = texts.opening(random);
  const thread = drawThread(random, {
    labels: [shape.seed, 'past', index],
    createdAt,
    subject: writing.subject,
    customer: drawCustomer(random),
    rateOf: shape.rateOf,
  });
  const transit = drawTransitMs(random);
  const label = (number: number) => [shape.seed, 'past', index, number];
  thread.messages.push(
    drawInbound(random, thread, {
      labels: label(0),
      sentAt: createdAt - transit,
      fetchableAt: createdAt,
      texts,
      origin: 'past',
      rateOf: shape.rateOf,
      opening: writing.text,
    }),
  );
  let at = createdAt;
  for (let number = 1; messagesWanted > 0 ? number < messagesWanted : number < 40; number += 1) {
    const person =
      messagesWanted > 0 ? number % 2 === 1 : random.chance(0.5) && thread.messages.at(-1)?.direction === 'inbound';
    if (!person && messagesWanted === 0 && !random.chance(0.52)) break;
    at += person ? personDelayMs(random) : messagesWanted > 0 ? random.logNormal(2 * HOUR, 1) : customerDelayMs(random);
    if (at > end) break;
    const instant = Math.round(at);
    if (person) {
      thread.messages.push(drawPersonReply(random, thread, { labels: label(number), at: instant, origin: 'past' }));
      continue;
    }
    const sentAt = instant - drawTransitMs(random);
    thread.messages.push(
      drawInbound(random, thread, {
        labels: label(number),
        sentAt,
        fetchableAt: instant,
        texts,
        origin: 'past',
        rateOf: shape.rateOf,
        opening: null,
      }),
    );
  }
  settleDeletions(random, thread, shape.anchor);
  return thread;
}

/** Some threads are longer than a page of messages, one is longer than four pages. */
function deepLength({ threads, longEvery = 97 }: PastShape, index: number, random: SeededRandom): number {
  if (threads < 10 || index % longEvery !== 5 % longEvery) return 0;
  return index === 5 ? random.between(105, 125) : random.between(27, 70);
}

/** How far back a thread begins, as a share of the days: a long conversation not so late that it could not be held. */
function shareOfPast({ growth = 0 }: PastShape, isLong: boolean, random: SeededRandom): number {
  if (growth === 0) return isLong ? 0.4 + 0.6 * random.next() : random.next();
  return Math.max(isLong ? 0.04 : 0, 1 - random.next() ** (1 / (1 + growth)));
}

/** Replies of customers: log-normal fit to 16 billion mails (Kooti 2015): half within 47 minutes, 1 % after 15 days. */
export function customerDelayMs(random: SeededRandom): number {
  return random.logNormal(47 * MINUTE, 2.67);
}

function personDelayMs(random: SeededRandom): number {
  return Math.max(MINUTE, random.logNormal(3 * HOUR, 1.3));
}

function drawTwin(shape: PastShape, threads: readonly SimThread[], end: number, index: number): SimThread {
  const random = seededRandom(shape.seed, 'past-twin', index);
  const first = random.pick(threads);
  const message = first.messages[0];
  if (!message) throw new RangeError('a thread without a message');
  const inbox = INBOXES.find((name) => name !== first.inbox) ?? INBOXES[0];
  const createdAt = Math.min(end, first.createdAt + random.between(1, 90) * 1000);
  const thread = drawThread(random, {
    labels: [shape.seed, 'past-twin', index],
    createdAt,
    subject: first.subject ?? '',
    customer: first.customer,
    inbox,
    rateOf: shape.rateOf,
  });
  thread.nullSubject = first.nullSubject;
  thread.messages.push(twinOf(message, thread, [shape.seed, 'past-twin', index, 0], createdAt));
  return thread;
}

/** What vanishes does so long before the anchor or hours after it, so that a first reading meets a still world. */
function settleDeletions(random: SeededRandom, thread: SimThread, anchor: number): void {
  for (const message of thread.messages) {
    if (message.quirks.goneAt === undefined) continue;
    const later = anchor + 6 * HOUR + random.next() * 10 * DAY;
    if (random.chance(0.5) || message.quirks.goneAt > anchor - QUIET_MS) message.quirks.goneAt = Math.round(later);
  }
}

function drawMerges(shape: PastShape, threads: readonly SimThread[]): void {
  const random = seededRandom(shape.seed, 'past-merges');
  const count = Math.round(threads.length * shape.rateOf('merged-threads'));
  const taken = new Set<string>();
  for (let made = 0; made < count && threads.length > 2; made += 1) {
    const lostAt = random.between(1, threads.length - 1);
    const lost = threads[lostAt];
    const survivor = threads[random.between(Math.max(0, lostAt - 40), lostAt - 1)];
    if (!lost || !survivor || taken.has(lost.id) || taken.has(survivor.id)) continue;
    taken.add(lost.id).add(survivor.id);
    const last = lost.messages.at(-1)?.fetchableAt ?? lost.createdAt;
    const before = last + random.between(30, 3000) * MINUTE;
    const after = shape.anchor + 6 * HOUR + random.next() * 10 * DAY;
    const at = Math.round(made % 2 === 0 && before < shape.anchor - QUIET_MS ? before : after);
    lost.merge = { survivor: survivor.id, at, byControl: false };
    survivor.lost.push(lost);
  }
}
