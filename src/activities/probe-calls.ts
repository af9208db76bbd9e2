import { activityInfo } from '@temporalio/activity';
import {
  FindThreadInput,
  ProbeListingInput,
  ProbeReplyInput,
  ProbeThreadInput,
  WeighAttachmentInput,
} from '../contracts/probe-steps.js';
import { WaybillError } from '../domain/failures.js';
import { finishCall, pagesOfReading, readPriorPage, repeatsId } from '../ledger/calls.js';
import { readCanary } from '../ledger/canaries.js';
import { readProbedAttachment, readProbedMails, readProbedThreadId, strangersIn } from '../ledger/probes.js';
import { recordItems, recordMessagePage } from '../ledger/record-messages.js';
import { recordThreadRows } from '../ledger/record-threads.js';
import { readSource } from '../ledger/sources.js';
import { lockThread, readThread } from '../ledger/visits.js';
import { callProvider } from '../sources/provider-call.js';
import { ProviderFailure } from '../sources/source.js';
import type { ActivityDeps } from './deps.js';

export interface ProbedPage {
  callId: string;
  rows: number;
  /** Whether the provider gave a cursor for another page. */
  more: boolean;
  /** Whether the thread that was expected stands on it. */
  shown: boolean;
  /** Whether an id stands on two pages of this reading. */
  repeats: boolean;
  /** What the provider refused instead of answering: the parameters, or the cursor as too old. */
  refused: 'parameters' | 'cursor' | null;
}

export interface ProbedThread {
  callId: string;
  gone: boolean;
  /** Whether the message that was expected stands on the first page. */
  shown: boolean;
  /** Messages with the client_ref that was asked for. */
  withRef: number;
  /** Places of our mails on the page from the top; null where one is not there. */
  places: (number | null)[];
  /** By how much received_at lies after the instant at which each was written, in milliseconds. */
  receiptLagsMs: (number | null)[];
}

export interface WeighedAttachment {
  callId: string;
  /** `none`: the provider does not give it. */
  kind: 'bytes' | 'too_large' | 'link' | 'none';
  bytes: number | null;
  announced: number | null;
}

export interface ProbedReply {
  callId: string;
  /** `unanswered`: no answer came at all, and nobody knows whether it was executed. */
  outcome: 'accepted' | 'unanswered' | 'unclear';
  /** Whether the answer carries our client_ref. */
  echoed: boolean;
}

/** What no attachment can be: pages of an error under status 200. */
const ERROR_PAGES = new Set(['text/html', 'application/json']);

/** What becomes of a failure that is itself a finding. */
const finding = <T>(error: unknown, types: Partial<Record<string, (failure: ProviderFailure) => T>>): T => {
  const make = error instanceof ProviderFailure ? types[error.type] : undefined;
  if (!make) throw error;
  return make(error as ProviderFailure);
};

/**
 * Requests of an active probe: one each, on the source's queue, behind everything live. What they bring is recorded as any other
 * answer is, so that the books balance and nothing that a probe finds is lost.
 */
export const createProbeCalls = (deps: ActivityDeps) => {
  const { db, clock, timing } = deps;
  const attempt = () => activityInfo().attempt;
  const probe = { purpose: 'probe' } as const;
  return {
    async probeListing(payload: ProbeListingInput): Promise<ProbedPage> {
      const { source, since, until, limit, afterCall, expectThread } = ProbeListingInput.parse(payload);
      const prior = afterCall ? await readPriorPage(db, afterCall) : null;
      const page = prior ? prior.page + 1 : 0;
      try {
        const { call, answer } = await callProvider(
          deps,
          {
            source,
            operation: 'listThreads',
            parameters: { since, until, limit, page, ...probe },
            readingId: prior?.readingId ?? null,
            page,
            attempt: attempt(),
          },
          (client) => client.listThreads({ from: since, to: until, cursor: prior?.nextCursor ?? null, limit }),
        );
        const now = clock.now();
        const counts = await db.transaction((tx) =>
          recordThreadRows(tx, call, answer, { source, now, firstSeenBy: 'audit', isListed: true }),
        );
        const expected = expectThread ? (await readThread(db, expectThread)).providerThreadId : null;
        return {
          callId: call.id,
          rows: counts.rows,
          more: answer.nextCursor !== null,
          shown: answer.items.some((item) => item.ok && item.value.providerThreadId === expected),
          repeats: repeatsId(await pagesOfReading(db, call.readingId)),
          refused: null,
        };
      } catch (error) {
        const none = { rows: 0, more: false, shown: false, repeats: false };
        return finding<ProbedPage>(error, {
          SourceRefused: ({ callId = '' }) => ({ ...none, callId, refused: 'parameters' }),
          CursorExpired: ({ callId = '' }) => ({ ...none, callId, refused: 'cursor' }),
        });
      }
    },

    /** Asks for the thread of a mail that we wrote by its id, the list aside. Null: the provider does not know it. */
    async findThread(payload: FindThreadInput): Promise<{ threadId: string | null }> {
      const { source, canaryId } = FindThreadInput.parse(payload);
      const { providerThreadId } = await readCanary(db, canaryId);
      if (providerThreadId === null) return { threadId: null };
      try {
        const { call, answer } = await callProvider(
          deps,
          {
            source,
            operation: 'getThread',
            parameters: { thread: providerThreadId, ...probe },
            readingId: null,
            page: 0,
            attempt: attempt(),
          },
          (client) => client.getThread(providerThreadId),
        );
        const unknownFields = (answer.ok ? answer.unknownFields : null) ?? {};
        const page = { status: 200, items: [answer], nextCursor: null, unknownFields };
        const now = clock.now();
        await db.transaction((tx) => recordThreadRows(tx, call, page, { source, now, firstSeenBy: 'audit' }));
        return { threadId: await readProbedThreadId(db, source, providerThreadId) };
      } catch (error) {
        return finding<{ threadId: null }>(error, { SourceNotFound: () => ({ threadId: null }) });
      }
    },

    /** Reads the first page of a thread. */
    async probeThread(payload: ProbeThreadInput): Promise<ProbedThread> {
      const input = ProbeThreadInput.parse(payload);
      const { source, threadId } = input;
      const { providerThreadId } = await readThread(db, threadId);
      const mails = await readProbedMails(db, input.canaryIds ?? []);
      const expected = input.expectMessage ? await readProbedMails(db, [input.expectMessage]) : [];
      try {
        const { call, answer } = await callProvider(
          deps,
          {
            source,
            operation: 'listMessages',
            parameters: { thread: providerThreadId, page: 0, ...probe },
            threadId,
            readingId: null,
            page: 0,
            attempt: attempt(),
          },
          (client) => client.listMessages({ providerThreadId, cursor: null }),
        );
        await recordMessagePage(db, call, answer, {
          threadId,
          firstSeenBy: 'audit',
          adapterVersion: deps.adapterVersionOf(source),
          now: clock.now(),
          timing,
        });
        const rows = answer.items.map((item) => (item.ok ? item.value : null));
        const found = mails.map((mail) => rows.findIndex((row) => row?.providerMessageId === mail.providerMessageId));
        return {
          callId: call.id,
          gone: false,
          shown: expected.some((one) => rows.some((row) => row?.providerMessageId === one.providerMessageId)),
          withRef: input.clientRef ? rows.filter((row) => row?.clientRef === input.clientRef).length : 0,
          places: found.map((place) => (place === -1 ? null : place)),
          receiptLagsMs: found.map((place, index) => {
            const [origin, sent] = [rows[place]?.originAt ?? null, mails[index]?.sentAt ?? null];
            return origin === null || sent === null ? null : Date.parse(origin) - sent.getTime();
          }),
        };
      } catch (error) {
        const none = { shown: false, withRef: 0, places: mails.map(() => null), receiptLagsMs: mails.map(() => null) };
        return finding<ProbedThread>(error, {
          SourceNotFound: ({ callId = '' }) => ({ ...none, callId, gone: true }),
        });
      }
    },

    /** Fetches an attachment and keeps its length alone; null where what came was an error page or a part. */
    async weighAttachment(payload: WeighAttachmentInput): Promise<WeighedAttachment> {
      const { source, attachmentId } = WeighAttachmentInput.parse(payload);
      const { providerAttachmentId, size, threadId, messageId } = await readProbedAttachment(db, attachmentId);
      let bytes = 0;
      const scale = {
        maxBytes: deps.attachments.maxBytes,
        write: async (chunk: Buffer) => {
          bytes += chunk.length;
        },
      };
      try {
        const { call, answer } = await callProvider(
          deps,
          {
            source,
            operation: 'getAttachment',
            parameters: { attachment: providerAttachmentId, ...probe },
            threadId,
            messageId,
            readingId: null,
            page: 0,
            attempt: attempt(),
          },
          (client) => client.getAttachment(providerAttachmentId, scale),
        );
        const none = { rows: 0, known: 0, stored: 0, parked: 0, rejected: 0, ids: [], nextCursor: null };
        await finishCall(db, call, { ...none, status: answer.status, unknownFields: {} }, clock.now());
        const isWhole = answer.kind === 'bytes' && !ERROR_PAGES.has(answer.contentType ?? '');
        return { callId: call.id, kind: answer.kind, bytes: isWhole ? bytes : null, announced: size };
      } catch (error) {
        const none = { kind: 'none', bytes: null, announced: size } as const;
        return finding<WeighedAttachment>(error, {
          SourceNotFound: ({ callId = '' }) => ({ ...none, callId }),
          CursorExpired: ({ callId = '' }) => ({ ...none, callId }),
          SourceRefused: ({ callId = '' }) => ({ ...none, callId }),
        });
      }
    },

    /**
     * Replies on a thread that our own mail opened and on which nobody else has written, in `live` alone: law 9 holds for probes
     * as well. The client_ref is the Idempotency-Key too.
     */
    async probeReply(payload: ProbeReplyInput): Promise<ProbedReply> {
      const { source, canaryId, clientRef } = ProbeReplyInput.parse(payload);
      const { providerThreadId, purpose } = await readCanary(db, canaryId);
      const { mode } = await readSource(db, source);
      const threadId = providerThreadId === null ? null : await readProbedThreadId(db, source, providerThreadId);
      if (threadId === null || providerThreadId === null || purpose !== 'probe' || mode !== 'live')
        throw refusal('a probe replies on a thread of its own and in live alone');
      if ((await strangersIn(db, threadId)) > 0) throw refusal('somebody else has written on the thread of the probe');
      try {
        const { call, answer } = await callProvider(
          deps,
          {
            source,
            operation: 'postReply',
            parameters: { thread: providerThreadId, clientRef, ...probe },
            threadId,
            readingId: null,
            page: 0,
            attempt: attempt(),
          },
          (client) =>
            client.postReply({ providerThreadId, text: 'A reply of a probe.', idempotencyKey: clientRef, clientRef }),
        );
        const now = clock.now();
        const { item, status } = answer;
        await db.transaction(async (tx) => {
          const thread = await lockThread(tx, threadId);
          const bound = await readSource(tx, source);
          const adapterVersion = deps.adapterVersionOf(source);
          const context = {
            threadId,
            firstSeenBy: 'audit',
            adapterVersion,
            now,
            timing,
            thread,
            source: bound,
          } as const;
          const counts = await recordItems(tx, call, [item], context);
          const ids = item.ok ? [item.value.providerMessageId] : [];
          const unknownFields = (item.ok ? item.unknownFields : null) ?? {};
          await finishCall(tx, call, { ...counts, status, ids, nextCursor: null, unknownFields }, now);
        });
        return { callId: call.id, outcome: 'accepted', echoed: item.ok && item.value.clientRef === clientRef };
      } catch (error) {
        const unclear = ({ callId = '', status }: ProviderFailure): ProbedReply => ({
          callId,
          outcome: status === null ? 'unanswered' : 'unclear',
          echoed: false,
        });
        return finding<ProbedReply>(error, { ReplyDoubtful: unclear, ReplyRefused: unclear, SourceNotFound: unclear });
      }
    },
  };
};

const refusal = (sentence: string): WaybillError => new WaybillError('LedgerConflict', sentence, { retryable: false });

export type ProbeCalls = ReturnType<typeof createProbeCalls>;
