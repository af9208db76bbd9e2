import { CanaryInput, ObserveInput, SampleInput, WriteMailInput } from '../contracts/probe-steps.js';
import { SourceInput } from '../contracts/steps.js';
import { WaybillError } from '../domain/failures.js';
import { raiseAlarm } from '../ledger/alarms.js';
import {
  CANARY_HEADER,
  canaryMark,
  noteCanaryBack,
  noteCanarySent,
  openCanary,
  readCanary,
} from '../ledger/canaries.js';
import { recordObservation } from '../ledger/claims.js';
import { type AttachmentSample, preciseThreads, sampleAttachments, settledThreads } from '../ledger/probes.js';
import { readSource } from '../ledger/sources.js';
import type { ActivityDeps } from './deps.js';

const TWO_DAYS_MS = 172_800_000;
const TEXT =
  'This message was written by Waybill itself, to see what becomes of it on its way. Nobody waits for an answer to it.';

export interface SampledThread {
  threadId: string;
  /** ISO instant of its creation, to the millisecond. */
  createdAt: string;
}

/** Steps of probes and of the canary that ask no provider: what to ask about, mail as a customer, what was seen. */
export const createProbeSteps = (deps: ActivityDeps) => {
  const { db, clock, timing, senderOf } = deps;
  const before = () => new Date(clock.now().getTime() - TWO_DAYS_MS);
  const sampled = (rows: readonly { threadId: string; createdAt: Date }[]): SampledThread[] =>
    rows.map(({ threadId, createdAt }) => ({ threadId, createdAt: createdAt.toISOString() }));
  return {
    /** What an active probe may do: write mail where there is a sender, reply where the source is live. */
    async openProbe(payload: SourceInput): Promise<{ canWrite: boolean; canReply: boolean; now: string }> {
      const { source } = SourceInput.parse(payload);
      const { mode } = await readSource(db, source);
      const canWrite = senderOf(source) !== null;
      return { canWrite, canReply: canWrite && mode === 'live', now: clock.now().toISOString() };
    },

    async sampleSettled(payload: SampleInput): Promise<SampledThread[]> {
      const { source, limit } = SampleInput.parse(payload);
      return sampled(await settledThreads(db, source, before(), limit));
    },

    async samplePrecise(payload: SampleInput): Promise<SampledThread[]> {
      const { source, limit } = SampleInput.parse(payload);
      return sampled(await preciseThreads(db, source, before(), limit));
    },

    async sampleAttachments(payload: SampleInput): Promise<AttachmentSample[]> {
      const { source, limit } = SampleInput.parse(payload);
      return sampleAttachments(db, source, limit);
    },

    /** Writes mail as a customer. Its token is in the mail and nowhere else; the ledger keeps a hash. */
    async writeMail(payload: WriteMailInput): Promise<{ canaryId: string; sentAt: string; dueAt: string }> {
      const { source, purpose, continues, originAgeMs } = WriteMailInput.parse(payload);
      const sender = senderOf(source);
      if (!sender)
        throw new WaybillError('InboundSenderFailed', 'No inbound sender is configured.', { retryable: false });
      const thread = continues ? (await readCanary(db, continues)).providerThreadId : null;
      const now = clock.now();
      const originAt = new Date(now.getTime() - originAgeMs);
      const dueAt = new Date(now.getTime() + timing.canaryDueMs);
      const { id, token } = await openCanary(db, { source, purpose, originAt, dueAt }, now);
      const ids = await sender.write({
        subject: `${thread ? 'Re: ' : ''}Waybill measures its way (${canaryMark(token)})`,
        text: TEXT,
        originAt: originAt.toISOString(),
        headers: { [CANARY_HEADER]: canaryMark(token) },
        providerThreadId: thread,
      });
      const sentAt = clock.now();
      await noteCanarySent(db, id, ids, sentAt);
      return { canaryId: id, sentAt: sentAt.toISOString(), dueAt: dueAt.toISOString() };
    },

    /** Whether a canary has come back; one that is overdue raises an alarm, one that came quenches it. */
    async checkCanary(payload: CanaryInput): Promise<{ came: boolean; delayMs: number | null }> {
      const { source, canaryId } = CanaryInput.parse(payload);
      const now = clock.now();
      return db.transaction(async (tx) => {
        const { cameAt, sentAt, dueAt, writtenAt } = await readCanary(tx, canaryId);
        if (cameAt === null) {
          const evidence = { canaryId, writtenAt: writtenAt.toISOString(), dueAt: dueAt.toISOString() };
          if (now >= dueAt) await raiseAlarm(tx, { kind: 'canary_overdue', source, subject: 'canary', evidence, now });
          return { came: false, delayMs: null };
        }
        await noteCanaryBack(tx, source, now, new Date(now.getTime() - timing.probeScanMs));
        return { came: true, delayMs: sentAt ? cameAt.getTime() - sentAt.getTime() : null };
      });
    },

    async observe(payload: ObserveInput): Promise<void> {
      const { source, claim, outcome, cases = 1, callId = null, evidence = {} } = ObserveInput.parse(payload);
      await recordObservation(db, { source, claim, outcome, cases, callId, evidence, now: clock.now() });
    },

    /** Draws the verdict on every claim of a source from the ledger and from what probes saw. */
    async judgeClaims(
      payload: SourceInput,
    ): Promise<{ refuted: number; verified: number; untested: number; turned: number }> {
      const { source } = SourceInput.parse(payload);
      const account = await deps.judgeClaims(source);
      for (const { claim, before: from, after: to } of account.turns)
        deps.log.provider.warn({ event: 'claim.turned', source, claim, from, to });
      const { refuted, verified, untested, turns } = account;
      return { refuted, verified, untested, turned: turns.length };
    },
  };
};

export type ProbeSteps = ReturnType<typeof createProbeSteps>;
