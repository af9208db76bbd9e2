import type { FailureType } from '../../src/domain/failures.js';
import type { IncomingThread } from '../../src/domain/message.js';
import type { Page } from '../../src/sources/source.js';
import { ProviderFailure, type SourceClient } from '../../src/sources/source.js';
import { incomingThread, page } from './incoming.js';

export interface ListedThread {
  id: string;
  createdAt: Date;
  /** The list shows it from then on; its creation unless given. */
  listedFrom?: Date;
  isArchived?: boolean;
  /** It shows in listings of at least a day alone. */
  isHiddenFromNarrow?: boolean;
}

export interface ListCall {
  from: Date;
  to: Date;
  cursor: string | null;
  /** How many lists were asked for before, ever. */
  number: number;
}

/** What a test does to one answer: changes the world first, gives another page, or throws. */
export type ListRule = (call: ListCall, answer: () => Page<IncomingThread>) => Page<IncomingThread>;

const DAY = 86_400_000;

/** A dashboard whose list filters by creation, newest first, with an offset as its cursor, as it stands at a test's own clock. */
export class ListedWorld {
  readonly threads = new Map<string, ListedThread>();
  calls = 0;
  pageSize = 100;
  rule: ListRule = (_call, answer) => answer();

  constructor(private readonly now: () => Date) {}

  add(id: string, createdAt: Date, more: Partial<ListedThread> = {}): void {
    this.threads.set(id, { id, createdAt, ...more });
  }

  delete(id: string): void {
    this.threads.delete(id);
  }

  client(): SourceClient {
    const none = () => Promise.reject(failure('SourceNotFound'));
    return {
      listThreads: async ({ from, to, cursor }) => {
        const call = { from: new Date(from), to: new Date(to), cursor, number: this.calls++ };
        return this.rule(call, () => this.answer(call));
      },
      getThread: none,
      listMessages: none,
      postReply: none,
    } as Partial<SourceClient> as SourceClient;
  }

  private answer({ from, to, cursor }: ListCall): Page<IncomingThread> {
    const isNarrow = to.getTime() - from.getTime() < DAY;
    const rows = [...this.threads.values()]
      .filter((one) => one.createdAt >= from && one.createdAt < to && (one.listedFrom ?? one.createdAt) <= this.now())
      .filter((one) => one.isArchived !== true && !(isNarrow && one.isHiddenFromNarrow))
      .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1));
    const offset = Number(cursor ?? 0);
    const next = offset + this.pageSize;
    return page(
      rows.slice(offset, next).map((one) => incomingThread(one.id, { createdAt: one.createdAt.toISOString() })),
      next < rows.length ? String(next) : null,
    );
  }
}

export const failure = (type: FailureType): ProviderFailure =>
  new ProviderFailure(type, 'the provider of a test said so', { status: 500, answer: 'its answer' });
