import { drawInbound, drawPersonReply, drawTransitMs, type InboundDraw, twinOf } from './draw-message.js';
import { drawCustomer, drawThread } from './draw-thread.js';
import type { RateOf } from './oddities.js';
import { customerDelayMs } from './past.js';
import { type SeededRandom, seededRandom } from './seeded-random.js';
import type { Texts } from './texts.js';
import { DAY, HOUR, INBOXES, MINUTE, type SimMessage, type SimThread } from './world-model.js';

/** What live traffic needs of the world, and where it puts what arrives. */
export interface TrafficWorld {
  readonly seed: number;
  readonly rateOf: RateOf;
  texts(): Texts;
  /** Threads of past and traffic alone, so that what a control route does never changes what arrives next. */
  readonly organic: readonly SimThread[];
  addThread(thread: SimThread): void;
  addMessage(thread: SimThread, message: SimMessage): void;
}

interface Segment {
  number: number;
  perHour: number;
  random: SeededRandom;
  nextAt: number;
  arrivals: number;
}

/**
 * Poisson arrivals by the wall clock. They are not stored: seed, rates and the instants at which the rate changed give the
 * same arrivals after a restart, those of the time in between included.
 */
export class Traffic {
  private segment: Segment | null = null;
  private segments = 0;

  constructor(private readonly world: TrafficWorld) {}

  get perHour(): number {
    return this.segment?.perHour ?? 0;
  }

  /** Arrivals up to `at` must have been taken in before. */
  setRate(perHour: number, at: number): void {
    const number = this.segments;
    this.segments += 1;
    if (perHour === 0) {
      this.segment = null;
      return;
    }
    const random = seededRandom(this.world.seed, 'traffic', number);
    this.segment = { number, perHour, random, nextAt: at + random.exponential(HOUR / perHour), arrivals: 0 };
  }

  advance(until: number): void {
    const segment = this.segment;
    if (!segment) return;
    while (segment.nextAt <= until) {
      this.arrive(['traffic', segment.number, segment.arrivals], Math.round(segment.nextAt));
      segment.arrivals += 1;
      segment.nextAt += segment.random.exponential(HOUR / segment.perHour);
    }
  }

  private arrive(place: (string | number)[], at: number): void {
    const labels = [this.world.seed, ...place];
    const random = seededRandom(...labels);
    const kind = random.next();
    const known = kind < 0.55 ? undefined : this.pickThread(random, at);
    if (!known) return this.openThread(random, labels, at);
    if (kind > 0.93) {
      this.world.addMessage(known, drawPersonReply(random, known, { labels: [...labels, 0], at, origin: 'traffic' }));
      return;
    }
    const fetchableAt = at + drawTransitMs(random);
    const texts = this.world.texts();
    const draw: InboundDraw = {
      labels: [...labels, 0],
      sentAt: at,
      fetchableAt,
      texts,
      origin: 'traffic',
      rateOf: this.world.rateOf,
      opening: null,
    };
    this.world.addMessage(known, drawInbound(random, known, draw));
  }

  private openThread(random: SeededRandom, labels: (string | number)[], at: number): void {
    const texts = this.world.texts();
    const writing = texts.opening(random);
    const createdAt = at + drawTransitMs(random);
    const customer = drawCustomer(random);
    const thread = drawThread(random, {
      labels,
      createdAt,
      subject: writing.subject,
      customer,
      rateOf: this.world.rateOf,
    });
    const message = drawInbound(random, thread, {
      labels: [...labels, 0],
      sentAt: at,
      fetchableAt: createdAt,
      texts,
      origin: 'traffic',
      rateOf: this.world.rateOf,
      opening: writing.text,
    });
    const survivor = random.chance(this.world.rateOf('merged-threads')) ? this.pickThread(random, at) : undefined;
    if (survivor && !survivor.merge) {
      thread.merge = { survivor: survivor.id, at: createdAt + random.between(30, 300) * MINUTE, byControl: false };
      survivor.lost.push(thread);
    }
    this.world.addThread(thread);
    this.world.addMessage(thread, message);
    if (random.chance(0.01)) this.openTwin(random, thread, message, [...labels, 'twin']);
  }

  private openTwin(random: SeededRandom, first: SimThread, message: SimMessage, labels: (string | number)[]): void {
    const createdAt = message.fetchableAt + random.between(1, 30) * 1000;
    const inbox = INBOXES.find((name) => name !== first.inbox) ?? INBOXES[0];
    const thread = drawThread(random, {
      labels,
      createdAt,
      subject: first.subject ?? '',
      customer: first.customer,
      inbox,
      rateOf: this.world.rateOf,
    });
    thread.nullSubject = first.nullSubject;
    this.world.addThread(thread);
    this.world.addMessage(thread, twinOf(message, thread, [...labels, 0], createdAt));
  }

  /** Half of the replies follow the heavy tail of human delays, half go to any thread, however old. */
  private pickThread(random: SeededRandom, at: number): SimThread | undefined {
    const threads = this.world.organic;
    if (threads.length === 0) return undefined;
    const wanted = at - Math.min(customerDelayMs(random), 364 * DAY);
    const anywhere = random.pick(threads);
    const byDelay = threads.findLast((thread) => thread.createdAt <= wanted) ?? threads[0];
    const picked = random.chance(0.5) ? byDelay : anywhere;
    return picked && picked.createdAt <= at ? picked : threads.find((thread) => thread.createdAt <= at);
  }
}
