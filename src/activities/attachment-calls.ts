import { activityInfo } from '@temporalio/activity';
import { FetchAttachmentInput } from '../contracts/attachment-steps.js';
import {
  givesAttachments,
  postponeAttachment,
  readWanted,
  recordEnd,
  recordFetched,
  rejectAnswer,
  rememberLink,
  type WantedAttachment,
} from '../ledger/attachments.js';
import type { OpenCall } from '../ledger/calls.js';
import { callProvider } from '../sources/provider-call.js';
import { type AttachmentAnswer, ProviderFailure } from '../sources/source.js';
import type { ActivityDeps } from './deps.js';
import { openSpool, type Spool } from './spool.js';

export interface AttachmentResult {
  /** `link`: the bytes lie elsewhere, and the next call follows the link; `later`: it is asked for again at its time. */
  next: 'settled' | 'link' | 'later';
}

/** What no attachment of another type can be: pages of an error under status 200. */
const ERROR_PAGES = new Set(['text/html', 'application/json']);

/** Fetches attachments: each activity is one call, of the attachment itself or of the link that it gave. */
export const createAttachmentCalls = (deps: ActivityDeps) => {
  const { db, clock, timing, log, attachments } = deps;

  async function postpone(source: string, wanted: WantedAttachment, problem: string, callId: string) {
    const put = await postponeAttachment(db, wanted.id, { problem, now: clock.now(), timing });
    const until = put.until?.toISOString() ?? 'never';
    log.intake.warn({
      event: 'attachment.postponed',
      source,
      attachmentId: wanted.id,
      attempt: put.attempts,
      until,
      callId,
    });
    return { next: 'later' } as const;
  }

  function settled(source: string, wanted: WantedAttachment, state: string, callId: string, bytes?: number) {
    log.intake.debug({ event: 'attachment.settled', source, attachmentId: wanted.id, state, callId, bytes });
    return { next: 'settled' } as const;
  }

  async function keep(
    source: string,
    wanted: WantedAttachment,
    { call, answer, spool }: { call: OpenCall; answer: AttachmentAnswer & { kind: 'bytes' }; spool: Spool },
  ): Promise<AttachmentResult> {
    const file = spool.written();
    // An answer that contradicts what was announced counts once it came twice: it may have been cut on its way.
    const differs = `another size than announced: ${file.sha256}`;
    if (wanted.size !== null && wanted.size !== file.bytes && wanted.problem !== differs) {
      await rejectAnswer(db, call, wanted, answer.status, clock.now());
      return postpone(source, wanted, differs, call.id);
    }
    try {
      const at = await attachments.store.put(wanted.id, file);
      await recordFetched(db, call, wanted, file, { status: answer.status, at, now: clock.now() });
    } catch (error) {
      await rejectAnswer(db, call, wanted, answer.status, clock.now());
      throw error;
    }
    return settled(source, wanted, 'fetched', call.id, file.bytes);
  }

  async function fail(source: string, wanted: WantedAttachment, error: unknown): Promise<AttachmentResult> {
    if (!(error instanceof ProviderFailure) || !error.callId) throw error;
    const { type, status, callId } = error;
    const problem = status === null ? type : `${type} (${status})`;
    if (type === 'SourceRefused') return postpone(source, wanted, problem, callId);
    if (type !== 'SourceNotFound' && type !== 'CursorExpired') throw error;
    // A source that never gave one may lack the endpoint: its 404 says nothing about the attachment.
    if (wanted.link !== null || !(await givesAttachments(db, source))) return postpone(source, wanted, problem, callId);
    await recordEnd(db, wanted, { state: 'gone', callId, problem, now: clock.now() });
    return settled(source, wanted, 'gone', callId);
  }

  return {
    /**
     * Asks for the bytes of one attachment, or follows the link that the call before it gave, and commits what came.
     * @throws ProviderFailure where the provider is in trouble; StoreTrouble where the bytes cannot be stored
     */
    async fetchAttachment(payload: FetchAttachmentInput): Promise<AttachmentResult> {
      const { source, attachmentId } = FetchAttachmentInput.parse(payload);
      const wanted = await readWanted(db, attachmentId);
      if (!wanted) return { next: 'settled' };
      const { link, providerAttachmentId } = wanted;
      const spool = await openSpool(attachments.maxBytes);
      try {
        const { call, answer } = await callProvider(
          deps,
          {
            source,
            operation: 'getAttachment',
            parameters: { attachment: providerAttachmentId, ...(link === null ? {} : { via: 'link' }) },
            threadId: wanted.threadId,
            messageId: wanted.messageId,
            readingId: null,
            page: 0,
            attempt: activityInfo().attempt,
          },
          async (client) => {
            const got = await (link === null
              ? client.getAttachment(providerAttachmentId, spool)
              : client.followLink(link, spool));
            if (got.kind === 'bytes' && isErrorPage(got.contentType, wanted.contentType)) {
              const what = `the provider answered ${got.status} with ${got.contentType} for an attachment of another type`;
              throw new ProviderFailure('SourceAnswerUnreadable', what, { status: got.status });
            }
            return got;
          },
        );
        const now = clock.now();
        if (answer.kind === 'bytes') return await keep(source, wanted, { call, answer, spool });
        if (answer.kind === 'link') {
          await rememberLink(db, call, wanted, { ...answer, now });
          return { next: 'link' };
        }
        const problem = `more than ${attachments.maxBytes} bytes`;
        const { status } = answer;
        await recordEnd(db, wanted, { state: 'too_large', callId: call.id, problem, now, call, status });
        return settled(source, wanted, 'too_large', call.id);
      } catch (error) {
        return await fail(source, wanted, error);
      } finally {
        await spool.remove();
      }
    },
  };
};

const isErrorPage = (got: string | null, announced: string | null): boolean =>
  got !== null && ERROR_PAGES.has(got) && announced !== null && announced.split(';')[0]?.trim().toLowerCase() !== got;

export type AttachmentCalls = ReturnType<typeof createAttachmentCalls>;
