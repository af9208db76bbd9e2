import { CURSOR_LIFE_MS } from './cursor.js';
import { personMessage } from './draw-message.js';
import type { InboundEvent, JournalEvent, ReplyEvent, WorldEvent } from './journal-events.js';
import { type RateOf, ratesOf } from './oddities.js';
import { drawPast } from './past.js';
import { seededId } from './seeded-random.js';
import { Switches } from './switches.js';
import { type Texts, templateTexts } from './texts.js';
import { Traffic, type TrafficWorld } from './traffic.js';
import { Visibility } from './visibility.js';
import type { SimMessage, SimThread } from './world-model.js';

/**
 * Everything that ever happened in the simulated dashboard. It depends on the first journal line, the journal and the
 * instant asked for, and on nothing else.
 */
export class World implements TrafficWorld {
  readonly switches = new Switches();
  readonly threads = new Map<string, SimThread>();
  readonly messages = new Map<string, SimMessage>();
  readonly organic: SimThread[] = [];
  readonly replies: ReplyEvent[] = [];
  readonly visibility = new Visibility(
    (name, at) => this.switches.isOn(name, at),
    (id) => this.threads.get(id),
  );
  starts = 0;
  notes = 0;
  /** Instant of the newest event or arrival: nothing may be recorded before it. */
  head: number;
  outageUntil = 0;
  /** Age, ms, beyond which a cursor is refused while cursor-expires is on. */
  cursorLifeMs = CURSOR_LIFE_MS;
  readonly rateOf: RateOf;
  private readonly traffic = new Traffic(this);
  private currentTexts: Texts;
  private corpusName: string | null;
  /** By creation; made again after a thread came. */
  private creations: SimThread[] | null = null;

  constructor(
    readonly origin: WorldEvent,
    private readonly textsOf: (corpus: string) => Texts,
  ) {
    this.head = origin.anchor;
    this.rateOf = ratesOf(origin.rates);
    this.corpusName = origin.corpus;
    this.currentTexts = origin.corpus === null ? templateTexts : textsOf(origin.corpus);
    for (const thread of drawPast({ ...origin, ...origin.shape, rateOf: this.rateOf }, this.currentTexts)) {
      this.addThread(thread);
    }
  }

  get seed(): number {
    return this.origin.seed;
  }

  get trafficPerHour(): number {
    return this.traffic.perHour;
  }

  get corpus(): string | null {
    return this.corpusName;
  }

  texts(): Texts {
    return this.currentTexts;
  }

  /** Takes in what arrived by itself up to this instant; a clock that runs backwards changes nothing. */
  advance(now: number): void {
    if (now < this.head) return;
    this.traffic.advance(now);
    this.head = now;
  }

  /** Threads created in [from, to), found without going through all of them. Milliseconds since 1970. */
  *createdBetween(from: number, to: number): Generator<SimThread> {
    if (this.creations === null) this.creations = [...this.threads.values()].sort((a, b) => a.createdAt - b.createdAt);
    let [low, high] = [0, this.creations.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.creations[middle]?.createdAt ?? 0) < from) low = middle + 1;
      else high = middle;
    }
    for (let at = low; at < this.creations.length; at++) {
      const thread = this.creations[at];
      if (!thread || thread.createdAt >= to) return;
      yield thread;
    }
  }

  addThread(thread: SimThread): void {
    this.holdThread(thread);
    this.organic.push(thread);
    for (const message of thread.messages) this.messages.set(message.id, message);
  }

  addMessage(thread: SimThread, message: SimMessage): void {
    thread.messages.push(message);
    this.messages.set(message.id, message);
  }

  /** What a journal line did; the line must be in the journal before. */
  apply(event: JournalEvent): void {
    this.advance(event.at);
    switch (event.type) {
      case 'world':
        return;
      case 'start':
        this.starts += 1;
        return;
      case 'profile':
        return this.switches.useProfile(event.profile, event.at);
      case 'oddity':
        return this.switches.turn(event.name, event.on, event.at);
      case 'traffic':
        return this.traffic.setRate(event.perHour, event.at);
      case 'corpus':
        this.corpusName = event.corpus;
        this.currentTexts = event.corpus === null ? templateTexts : this.textsOf(event.corpus);
        return;
      case 'inbound':
        return this.applyInbound(event);
      case 'person': {
        const { messageId: id, at, text } = event;
        const thread = this.thread(event.threadId);
        return this.addMessage(thread, personMessage(thread, { id, at, text, origin: 'person' }));
      }
      case 'reply':
        return this.applyReply(event);
      case 'note':
        this.notes += 1;
        return;
      case 'outage':
        this.outageUntil = event.at + event.ms;
        return;
      case 'deleteMessage':
        this.message(event.messageId).deletedAt ??= event.at;
        return;
      case 'deleteThread':
        this.thread(event.threadId).deletedAt ??= event.at;
        return;
      case 'merge': {
        const lost = this.thread(event.lost);
        if (lost.merge) this.leave(lost, lost.merge.survivor);
        lost.merge = { survivor: event.survivor, at: event.at, byControl: true };
        this.thread(event.survivor).lost.push(lost);
        return;
      }
      case 'lateBody':
        this.message(event.messageId).bodyHeldUntil = event.until;
        return;
    }
  }

  private applyInbound(event: InboundEvent): void {
    let thread = this.threads.get(event.threadId);
    if (!thread && event.opens) {
      thread = {
        id: event.threadId,
        subject: event.subject,
        inbox: event.opens.inbox,
        customer: event.from,
        createdAt: event.fetchableAt,
        status: 'open',
        messages: [],
        ...(event.opens.quirks ?? { lateListingMs: 0, shuffleMs: 0, hiddenFromNarrow: false }),
        hiddenByControl: event.opens.hiddenFromNarrow,
        nullSubject: false,
        lost: [],
        ...(event.opens.listedAt === null ? {} : { listedAt: event.opens.listedAt }),
      };
      this.holdThread(thread);
    }
    const home = thread ?? this.thread(event.threadId);
    this.addMessage(home, {
      id: event.messageId,
      threadId: home.id,
      direction: 'inbound',
      origin: 'control',
      from: event.from,
      to: [{ name: null, email: home.inbox }],
      subject: event.subject,
      text: event.text,
      html: event.html,
      headers: event.headers,
      sentAt: event.at,
      fetchableAt: event.fetchableAt,
      stamp: event.stamp,
      clientRef: null,
      attachments: event.attachments ?? [],
      quirks: event.quirks ?? {},
      ...(event.bodyAt === null ? {} : { bodyHeldUntil: event.bodyAt }),
    });
  }

  private applyReply(event: ReplyEvent): void {
    this.replies.push(event);
    if (event.executedAt === null) return;
    const thread = this.thread(event.threadId);
    const draw = { id: event.messageId, at: event.executedAt, text: event.text, origin: 'reply' } as const;
    this.addMessage(thread, { ...personMessage(thread, draw), html: event.html, clientRef: event.clientRef });
  }

  /** An id for what comes from outside: the same event at the same place in the journal gives the same one. */
  nextId(prefix: string): string {
    return seededId(prefix, this.seed, 'outside', this.threads.size, this.messages.size, this.replies.length);
  }

  thread(id: string): SimThread {
    const thread = this.threads.get(id);
    if (!thread) throw new RangeError(`the journal names the thread ${id}, which this world does not hold`);
    return thread;
  }

  message(id: string): SimMessage {
    const message = this.messages.get(id);
    if (!message) throw new RangeError(`the journal names the message ${id}, which this world does not hold`);
    return message;
  }

  private holdThread(thread: SimThread): void {
    this.threads.set(thread.id, thread);
    this.creations = null;
  }

  private leave(lost: SimThread, survivorId: string): void {
    const survivor = this.threads.get(survivorId);
    if (survivor) survivor.lost = survivor.lost.filter((thread) => thread !== lost);
  }
}
