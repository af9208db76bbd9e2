import type { ListingQuirks } from './draw-thread.js';
import type { OddityName, Profile } from './oddities.js';
import type { MessageQuirks, SimAttachment } from './world-model.js';

/** The first line of a journal: with it alone the seeded past can be made again. */
export interface WorldEvent {
  type: 'world';
  version: 1;
  at: number;
  seed: number;
  /** Instant, in ms, at which the past ends and live traffic begins. */
  anchor: number;
  threads: number;
  days: number;
  /** Name of the stored corpus, null for the simulator's own texts. */
  corpus: string | null;
  /** Rates of oddities that differ from the table's. */
  rates?: Partial<Record<OddityName, number>>;
  /** How the past differs from the usual one. */
  shape?: { longEvery?: number; growth?: number };
}

export interface InboundEvent {
  type: 'inbound';
  at: number;
  messageId: string;
  /** The thread it is written on; a new one where `opens` is set. */
  threadId: string;
  opens: { inbox: string; listedAt: number | null; hiddenFromNarrow: boolean; quirks?: ListingQuirks } | null;
  subject: string | null;
  text: string | null;
  html: string | null;
  from: { name: string | null; email: string };
  headers: Record<string, string>;
  /** The stamp of the origin's Date header, as it is passed on. */
  stamp: string;
  fetchableAt: number;
  bodyAt: number | null;
  /** Absent in journals of older versions. */
  attachments?: SimAttachment[];
  /** What the oddities do to it, where it was written as any customer's is. */
  quirks?: MessageQuirks;
}

export interface ReplyEvent {
  type: 'reply';
  at: number;
  threadId: string;
  key: string | null;
  clientRef: string | null;
  text: string;
  html: string | null;
  /** The message it became; that of the earlier request where the key was honoured. */
  messageId: string;
  /** Null where the key was honoured and nothing more was sent. */
  executedAt: number | null;
  outcome: 'answered' | 'connection broken' | 'executed late';
}

export type JournalEvent =
  | WorldEvent
  | InboundEvent
  | ReplyEvent
  | { type: 'start'; at: number }
  | { type: 'profile'; at: number; profile: Profile }
  | { type: 'oddity'; at: number; name: OddityName; on: boolean }
  | { type: 'traffic'; at: number; perHour: number }
  | { type: 'corpus'; at: number; corpus: string | null }
  | { type: 'person'; at: number; threadId: string; messageId: string; text: string }
  | { type: 'note'; at: number; threadId: string; text: string }
  | { type: 'outage'; at: number; ms: number }
  | { type: 'deleteMessage'; at: number; messageId: string }
  | { type: 'deleteThread'; at: number; threadId: string }
  | { type: 'merge'; at: number; lost: string; survivor: string }
  | { type: 'lateBody'; at: number; messageId: string; until: number };
