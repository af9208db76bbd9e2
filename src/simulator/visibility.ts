import { createHash } from 'node:crypto';
import type { IsOn, SimMessage, SimThread } from './world-model.js';

/** What can be seen at an instant: pure questions, so that any past instant can be asked about. */
export class Visibility {
  constructor(
    private readonly isOn: IsOn,
    private readonly threadById: (id: string) => SimThread | undefined,
  ) {}

  isMerged(thread: SimThread, at: number): boolean {
    const merge = thread.merge;
    return merge !== undefined && merge.at <= at && (merge.byControl || this.isOn('merged-threads', at));
  }

  /** The thread under which this one's messages stand at that instant. */
  host(thread: SimThread, at: number): SimThread {
    let host = thread;
    for (let hops = 0; hops < 20 && host.merge && this.isMerged(host, at); hops += 1) {
      host = this.threadById(host.merge.survivor) ?? host;
    }
    return host;
  }

  /** GET /v1/threads/{id} knows it. */
  exists(thread: SimThread, at: number): boolean {
    return thread.createdAt <= at && !isPast(thread.deletedAt, at) && !this.isMerged(thread, at);
  }

  listedFrom(thread: SimThread, at: number): number {
    if (thread.listedAt !== undefined) return Math.max(thread.listedAt, thread.createdAt);
    return thread.createdAt + (this.isOn('late-listing', at) ? thread.lateListingMs : 0);
  }

  /** A window wide enough lists it. */
  isListed(thread: SimThread, at: number): boolean {
    return this.exists(thread, at) && this.listedFrom(thread, at) <= at;
  }

  isHiddenFromNarrow(thread: SimThread, at: number): boolean {
    return thread.hiddenByControl === true || (thread.hiddenFromNarrow && this.isOn('narrow-window-hides', at));
  }

  isGone(message: SimMessage, at: number): boolean {
    if (isPast(message.deletedAt, at)) return true;
    return isPast(message.quirks.goneAt, at) && this.isOn('vanishing-message', at);
  }

  isVisible(message: SimMessage, at: number): boolean {
    return message.fetchableAt <= at && !this.isGone(message, at);
  }

  /** The messages that the thread shows, those of merged threads included, in no order. */
  messagesOf(thread: SimThread, at: number): SimMessage[] {
    const own = thread.messages.filter((message) => this.isVisible(message, at));
    const merged = thread.lost.filter((lost) => this.isMerged(lost, at));
    return merged.length === 0 ? own : own.concat(...merged.map((lost) => this.messagesOf(lost, at)));
  }

  hasBody(message: SimMessage, at: number): boolean {
    if (message.bodyHeldUntil !== undefined && at < message.bodyHeldUntil) return false;
    if (message.quirks.emptyBody && this.isOn('empty-body', at)) return false;
    const delay = message.quirks.bodyDelayMs;
    return delay === undefined || at >= message.fetchableAt + delay || !this.isOn('late-body', at);
  }

  /** received_at as the server gives it. */
  receivedAt(message: SimMessage, at: number): string {
    if (!this.isOn('origin-stamp', at)) return new Date(message.fetchableAt).toISOString();
    return message.quirks.stamp ?? message.stamp;
  }

  isOddityOn(name: Parameters<IsOn>[0], at: number): boolean {
    return this.isOn(name, at);
  }
}

function isPast(instant: number | undefined, at: number): boolean {
  return instant !== undefined && instant <= at;
}

/** Two inbound messages with the same Message-ID header and this hash are one mail, delivered twice. */
export function contentHash(message: SimMessage): string {
  return createHash('sha256')
    .update(JSON.stringify([message.subject, message.text, message.html]))
    .digest('hex');
}
