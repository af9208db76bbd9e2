import type { ReplyEvent } from './journal-events.js';
import { contentHash } from './visibility.js';
import type { World } from './world.js';
import type { SimMessage, SimThread } from './world-model.js';

/** One reply that reached the customer. */
export interface ExecutedReply {
  key: string | null;
  clientRef: string | null;
  threadId: string;
  messageId: string;
  executedAt: string;
  /** The newest inbound message that the thread showed at that instant: what a reader takes it for an answer to. */
  inReplyTo: string | null;
}

export interface Truth {
  at: string;
  obtainable: string[];
  /** Exists, and no sequence of contract calls returns it: held back, or its thread is not listed yet. */
  unobtainable: string[];
  /** The part of `unobtainable` that no thread shows yet. */
  held: string[];
  /** Obtainable at `at` and deleted since. */
  goneSince: string[];
  /** All replies executed up to the instant of the request, whatever `at` is. */
  replies: ExecutedReply[];
  /** Inbound messages with the same Message-ID header and content: one mail in several places. */
  twinGroups: string[][];
  /** Groups (single messages included) that `replies` answered more than once, by `inReplyTo`. */
  answeredTwice: string[][];
}

/** The instant from which a message could be fetched, and by which calls. */
export interface MessageTruth {
  id: string;
  direction: string;
  origin: string;
  sentAt: string;
  /** Null while nothing that is known leads to it. */
  obtainableFrom: string | null;
  goneFrom: string | null;
  how: { threadId: string; createdAt: string; listedFrom: string; hiddenFromNarrow: boolean; shownFrom: string };
  twinGroup: string | null;
  clientRef: string | null;
}

const iso = (instant: number): string => new Date(instant).toISOString();

function place(world: World, message: SimMessage, at: number): { host: SimThread; stands: boolean } {
  const host = world.visibility.host(world.thread(message.threadId), at);
  const deleted = world.visibility.isGone(message, at) || (host.deletedAt !== undefined && host.deletedAt <= at);
  return { host, stands: !deleted };
}

function isObtainable(world: World, message: SimMessage, at: number): boolean {
  const { host, stands } = place(world, message, at);
  return stands && message.fetchableAt <= at && world.visibility.isListed(host, at);
}

export function truthAt(world: World, at: number, now: number): Truth {
  const obtainable: string[] = [];
  const unobtainable: string[] = [];
  const held: string[] = [];
  const goneSince: string[] = [];
  const existing: SimMessage[] = [];
  for (const message of world.messages.values()) {
    if (message.sentAt > at || !place(world, message, at).stands) continue;
    existing.push(message);
    if (isObtainable(world, message, at)) {
      obtainable.push(message.id);
      if (!place(world, message, now).stands) goneSince.push(message.id);
      continue;
    }
    unobtainable.push(message.id);
    if (message.fetchableAt > at) held.push(message.id);
  }
  const replies = executedReplies(world, now);
  const groups = groupInbound(existing);
  return {
    at: iso(at),
    obtainable,
    unobtainable,
    held,
    goneSince,
    replies,
    twinGroups: [...groups.values()].filter((ids) => ids.length > 1),
    answeredTwice: answeredTwice(world, replies),
  };
}

export function executedReplies(world: World, now: number): ExecutedReply[] {
  return world.replies.flatMap((reply) =>
    reply.executedAt === null || reply.executedAt > now ? [] : [executedReply(world, reply, reply.executedAt)],
  );
}

function executedReply(world: World, reply: ReplyEvent, executedAt: number): ExecutedReply {
  const host = world.visibility.host(world.thread(reply.threadId), executedAt);
  const inbound = world.visibility
    .messagesOf(host, executedAt)
    .filter((message) => message.direction === 'inbound')
    .sort((a, b) => b.fetchableAt - a.fetchableAt);
  return {
    key: reply.key,
    clientRef: reply.clientRef,
    threadId: reply.threadId,
    messageId: reply.messageId,
    executedAt: iso(executedAt),
    inReplyTo: inbound[0]?.id ?? null,
  };
}

/** Every request that a reply came by, under its key, with what was really sent. */
export function repliesByKey(world: World, now: number) {
  const byKey = new Map<
    string,
    { key: string | null; clientRefs: string[]; requests: object[]; executions: ExecutedReply[] }
  >();
  for (const [index, reply] of world.replies.entries()) {
    const name = reply.key ?? `no key ${index}`;
    const entry = byKey.get(name) ?? { key: reply.key, clientRefs: [], requests: [], executions: [] };
    byKey.set(name, entry);
    if (reply.clientRef !== null && !entry.clientRefs.includes(reply.clientRef)) entry.clientRefs.push(reply.clientRef);
    const { threadId, clientRef, outcome, messageId } = reply;
    const executesAt = reply.executedAt === null ? null : iso(reply.executedAt);
    entry.requests.push({ at: iso(reply.at), threadId, clientRef, outcome, messageId, executesAt });
    if (reply.executedAt !== null && reply.executedAt <= now)
      entry.executions.push(executedReply(world, reply, reply.executedAt));
  }
  return [...byKey.values()];
}

/** What is known of every message that exists at the instant. */
export function messageTruths(world: World, at: number): MessageTruth[] {
  const existing = [...world.messages.values()].filter((message) => message.sentAt <= at);
  const groupOf = new Map<string, string>();
  for (const [name, ids] of groupInbound(existing)) if (ids.length > 1) for (const id of ids) groupOf.set(id, name);
  return existing.map((message) => messageTruth(world, message, at, groupOf.get(message.id) ?? null));
}

function messageTruth(world: World, message: SimMessage, at: number, twinGroup: string | null): MessageTruth {
  const { visibility } = world;
  const own = world.thread(message.threadId);
  const ownFrom = Math.max(message.fetchableAt, visibility.listedFrom(own, at));
  const merged = visibility.isMerged(own, at) && own.merge !== undefined && ownFrom >= own.merge.at;
  const host = merged ? visibility.host(own, at) : own;
  const shownFrom = merged ? Math.max(message.fetchableAt, own.merge?.at ?? 0) : message.fetchableAt;
  const listedFrom = visibility.listedFrom(host, at);
  const gone = [message.deletedAt, host.deletedAt];
  if (visibility.isOddityOn('vanishing-message', at)) gone.push(message.quirks.goneAt);
  const goneFrom = Math.min(...gone.map((instant) => instant ?? Number.POSITIVE_INFINITY));
  const from = Math.max(shownFrom, listedFrom);
  return {
    id: message.id,
    direction: message.direction,
    origin: message.origin,
    sentAt: iso(message.sentAt),
    obtainableFrom: from < goneFrom ? iso(from) : null,
    goneFrom: goneFrom <= at ? iso(goneFrom) : null,
    how: {
      threadId: host.id,
      createdAt: iso(host.createdAt),
      listedFrom: iso(listedFrom),
      hiddenFromNarrow: visibility.isHiddenFromNarrow(host, at),
      shownFrom: iso(shownFrom),
    },
    twinGroup,
    clientRef: message.clientRef,
  };
}

function groupInbound(messages: readonly SimMessage[]): Map<string, string[]> {
  const byId = new Map<string, SimMessage[]>();
  for (const message of messages) {
    const header = message.headers['message-id'];
    if (message.direction !== 'inbound' || header === undefined) continue;
    byId.set(header, [...(byId.get(header) ?? []), message]);
  }
  const groups = new Map<string, string[]>();
  for (const [header, sharers] of byId) {
    for (const message of sharers) {
      const name = sharers.length === 1 ? header : `${header} ${contentHash(message)}`;
      groups.set(name, [...(groups.get(name) ?? []), message.id]);
    }
  }
  return groups;
}

function answeredTwice(world: World, replies: readonly ExecutedReply[]): string[][] {
  const groups = [...groupInbound([...world.messages.values()]).values()];
  const groupOf = new Map(groups.flatMap((ids) => ids.map((id) => [id, ids] as const)));
  const counts = new Map<string[], number>();
  for (const reply of replies) {
    if (reply.inReplyTo === null || reply.clientRef === null) continue;
    const group = groupOf.get(reply.inReplyTo) ?? [reply.inReplyTo];
    groupOf.set(reply.inReplyTo, group);
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count > 1).map(([group]) => group);
}
