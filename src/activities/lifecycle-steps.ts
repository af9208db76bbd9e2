import { decidingText } from '../classify/plain-text.js';
import { SettleApprovalInput } from '../contracts/approval-steps.js';
import { DecideInput, ParkInput, TakeUpInput, UnderstandInput } from '../contracts/steps.js';
import { readDeciding } from '../delivery/actions/context.js';
import { decideMessage } from '../delivery/decide-message.js';
import { decidingWords } from '../delivery/deciding-words.js';
import type { SettleResult } from '../domain/approvals.js';
import { bodyWait } from '../domain/body-wait.js';
import { MODEL_SOURCE } from '../domain/identity.js';
import type { DecideResult, StepEnded, TakeUpResult, UnderstandResult } from '../domain/step-results.js';
import { triage } from '../domain/triage.js';
import { settleApproval } from '../ledger/approvals.js';
import { only, type Sql } from '../ledger/database.js';
import { recordUnderstanding } from '../ledger/decisions.js';
import { appendEvents } from '../ledger/events.js';
import { claimMessage, holdMessage, lockMessage } from '../ledger/hold-messages.js';
import {
  type CarriedMessage,
  endMessage,
  escalateMessage,
  parkMessage,
  readContent,
  readConversation,
  readMessage,
  readTold,
  setRoute,
  waitMessage,
} from '../ledger/lifecycles.js';
import { readModelAnswer } from '../ledger/model-answers.js';
import { endedResult } from '../ledger/step-results.js';
import { hurryThread } from '../ledger/visits.js';
import type { ActivityDeps } from './deps.js';
import { takeUpForm } from './take-up-form.js';

/** The pure steps of a lifecycle: each one short transaction on the ledger, run as a local activity. */
export const createLifecycleSteps = (deps: ActivityDeps) => {
  const { db, clock, timing, ownAddresses, log, playbooks } = deps;
  const mailers = new Set((deps.forms ?? []).flatMap((form) => form.mailers));

  function logEnding(message: CarriedMessage, result: StepEnded): StepEnded {
    const { disposition, reason } = result;
    if (result.state === 'ended' && disposition === 'escalated')
      log.lifecycle.info({ event: 'message.escalated', messageId: message.id, source: message.source, reason });
    else if (result.state === 'ended')
      log.lifecycle.debug({
        event: 'message.ended',
        messageId: message.id,
        source: message.source,
        disposition,
        reason,
      });
    return result;
  }

  async function ended(tx: Sql, message: CarriedMessage, along: readonly string[] = []): Promise<StepEnded> {
    return logEnding(message, await endedResult(tx, message.id, along));
  }

  return {
    /** Takes the message up for this run and says what it is: route, ending, or a wait for its body. */
    async takeUp(payload: TakeUpInput): Promise<TakeUpResult> {
      const { messageId, runId, bodyWaits } = TakeUpInput.parse(payload);
      const now = clock.now();
      return db.transaction(async (tx) => {
        const { thread } = await lockMessage(tx, messageId);
        const message = await claimMessage(tx, messageId, runId, now);
        if (!message) return endedResult(tx, messageId);
        const content = await readContent(tx, messageId);
        const form = await takeUpForm(tx, { forms: deps.forms ?? [], message, content, now, timing });
        if (form.other !== null) {
          const ending = {
            disposition: 'duplicate_of',
            reason: 'same_submission',
            otherMessageId: form.other,
          } as const;
          await endMessage(tx, { messageId, carry: message.carry, ...ending, now });
          return ended(tx, message);
        }
        const verdict = triage({
          channel: message.channel,
          from: content.from,
          headers: content.headers,
          hasBody: message.hasBody,
          threadStatus: thread.status,
          ownAddresses,
          text: decidingText(form.fields?.message ? { text: form.fields.message, html: null } : content),
          byMailer: form.byMailer,
          submission: form.fields && { wantsCallback: form.fields.wantsCallback, hasPhone: form.fields.phone !== null },
        });
        const event = { messageId, kind: 'triaged', carry: message.carry } as const;
        if ('wait' in verdict) {
          const conversation = await readConversation(tx, thread);
          const self = only(
            conversation.messages.filter((one) => one.id === messageId),
            `message ${messageId}`,
          );
          const until = bodyWait(self, conversation.threadCreatedAt, bodyWaits, now.getTime(), timing);
          if (until === null) {
            await appendEvents(tx, now, [{ ...event, detail: { verdict: 'empty_body' } }]);
            await escalateMessage(tx, message, 'empty_body', now);
            return ended(tx, message);
          }
          await waitMessage(tx, message, 'body', new Date(until), now);
          await hurryThread(tx, thread.id, new Date(until));
          return { kind: 'wait', for: 'body', until: new Date(until + timing.visitEveryMs).toISOString() };
        }
        if ('end' in verdict) {
          await appendEvents(tx, now, [{ ...event, detail: { verdict: verdict.reason, evidence: verdict.evidence } }]);
          if (verdict.end === 'escalated') await escalateMessage(tx, message, verdict.reason, now, verdict.evidence);
          else {
            const { reason, evidence } = verdict;
            await endMessage(tx, { messageId, carry: message.carry, disposition: 'ignored', reason, evidence, now });
          }
          return ended(tx, message);
        }
        await setRoute(tx, message, { route: verdict.go, evidence: verdict.evidence, now });
        return { kind: 'go', carry: message.carry, route: verdict.go };
      });
    },

    /** A step failed for good: the message is set aside with the name of the step, for a person to look at. */
    async park(payload: ParkInput): Promise<StepEnded> {
      const { messageId, step } = ParkInput.parse(payload);
      return db.transaction(async (tx) => {
        const message = await readMessage(tx, messageId);
        await parkMessage(tx, message, step, clock.now());
        log.lifecycle.warn({
          event: 'message.parked',
          messageId,
          source: message.source,
          reason: 'decision_failed',
          step,
        });
        return endedResult(tx, messageId);
      });
    },

    /**
     * Finds out what the newest version of the message asks for. The classifiers run outside of any transaction; where the language
     * model has its turn and was not asked about this version yet, that has to be done first.
     */
    async understand(payload: UnderstandInput): Promise<UnderstandResult> {
      const { messageId, carry, modelSilent } = UnderstandInput.parse(payload);
      for (;;) {
        const { message, content } = await readTold(db, messageId);
        const modelAnswer = async (classifier: string) =>
          (await readModelAnswer(db, { messageId, bodyVersion: content.version, classifier })) ??
          (modelSilent ? ('silent' as const) : null);
        const input = await decidingWords(db, message, content);
        const understanding = await deps.classifier.classify(input, { modelAnswer });
        const result = await db.transaction(async (tx): Promise<UnderstandResult | null> => {
          const held = await holdMessage(tx, messageId, carry);
          if (!held) return endedResult(tx, messageId);
          const { version } = content;
          if (understanding === 'ask')
            return (await readContent(tx, messageId)).version === version
              ? { kind: 'ask', source: MODEL_SOURCE }
              : null;
          const written = await recordUnderstanding(tx, held.message, understanding, clock.now(), version);
          // Other words came meanwhile: those count.
          return written ? { kind: 'go', label: understanding.label } : null;
        });
        if (result) return result;
      }
    },

    /** What a person decided about its draft, unless that was written down before. The lifecycle acts on it in its next decision. */
    async settleApproval(payload: SettleApprovalInput): Promise<SettleResult> {
      return settleApproval(db, { ...SettleApprovalInput.parse(payload), now: clock.now() });
    },

    /** Takes the turn in the thread, decides, and does or begins what was decided. */
    async decide(payload: DecideInput): Promise<DecideResult> {
      const { messageId, carry, turnWaits } = DecideInput.parse(payload);
      const now = clock.now();
      return db.transaction(async (tx) => {
        const held = await holdMessage(tx, messageId, carry);
        if (!held) return endedResult(tx, messageId);
        const deciding = await readDeciding(tx, held, { now, timing, calling: deps.calling ?? null, mailers });
        const decided = await decideMessage(deciding, { turnWaits, playbooks });
        return decided.kind === 'ended' ? ended(tx, held.message, decided.along) : decided;
      });
    },
  };
};

export type LifecycleSteps = ReturnType<typeof createLifecycleSteps>;
