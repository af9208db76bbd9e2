import { plainText } from '../classify/plain-text.js';
import { classify } from '../classify/rules.js';
import { DecideInput, ParkInput, StepInput, TakeUpInput } from '../contracts/steps.js';
import { bodyWait } from '../domain/body-wait.js';
import { standingOf } from '../domain/conversation.js';
import type { DecideResult, StepEnded, TakeUpResult, UnderstandResult } from '../domain/step-results.js';
import { triage } from '../domain/triage.js';
import { openCaseOf } from '../ledger/cases.js';
import { only, type Sql } from '../ledger/database.js';
import { appendEvents } from '../ledger/events.js';
import {
  type CarriedMessage,
  claimMessage,
  endMessage,
  escalateMessage,
  holdMessage,
  isToldAnew,
  lockThreadOf,
  parkMessage,
  readContent,
  readConversation,
  readMessage,
  releaseTurn,
  setRoute,
  takeTurn,
  waitMessage,
} from '../ledger/lifecycles.js';
import { claimAnswer, prepareReply } from '../ledger/outbox.js';
import { readSource } from '../ledger/sources.js';
import { endedResult } from '../ledger/step-results.js';
import { hurryThread } from '../ledger/visits.js';
import { answerFor, decide as choose } from '../playbooks/templates.js';
import type { ActivityDeps } from './deps.js';

/** The pure steps of a lifecycle: each one short transaction on the ledger, run as a local activity. */
export const createLifecycleSteps = (deps: ActivityDeps) => {
  const { db, clock, timing, ownAddresses, log } = deps;

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

  /** Says what the newest version asks for, and writes it down. */
  async function classifyContent(tx: Sql, { id: messageId, carry }: CarriedMessage, now: Date): Promise<string> {
    const content = await readContent(tx, messageId);
    const found = classify({ subject: content.subject, text: plainText(content), headers: content.headers });
    const { label, confidence, reasons } = found;
    await appendEvents(tx, now, [{ messageId, kind: 'classified', carry, detail: { label, confidence, reasons } }]);
    return label;
  }

  async function ended(tx: Sql, message: CarriedMessage): Promise<StepEnded> {
    return logEnding(message, await endedResult(tx, message.id));
  }

  return {
    /** Takes the message up for this run and says what it is: route, ending, or a wait for its body. */
    async takeUp(payload: TakeUpInput): Promise<TakeUpResult> {
      const { messageId, runId, bodyWaits } = TakeUpInput.parse(payload);
      const now = clock.now();
      return db.transaction(async (tx) => {
        const thread = await lockThreadOf(tx, messageId);
        const message = await claimMessage(tx, messageId, runId, now);
        if (!message) return endedResult(tx, messageId);
        const content = await readContent(tx, messageId);
        const verdict = triage({
          channel: message.channel,
          from: content.from,
          headers: content.headers,
          hasBody: message.hasBody,
          threadStatus: thread.status,
          ownAddresses,
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
        await appendEvents(tx, now, [{ ...event, detail: { route: verdict.go } }]);
        await setRoute(tx, message, verdict.go);
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

    /** Finds out what the message asks for; what no playbook answers goes to a person. */
    async understand(payload: StepInput): Promise<UnderstandResult> {
      const { messageId, carry } = StepInput.parse(payload);
      const now = clock.now();
      return db.transaction(async (tx) => {
        const held = await holdMessage(tx, messageId, carry);
        if (!held) return endedResult(tx, messageId);
        return { kind: 'go', label: await classifyContent(tx, held.message, now) };
      });
    },

    /** Takes the turn in the thread, decides, and writes the reply to the outbox. */
    async decide(payload: DecideInput): Promise<DecideResult> {
      const { messageId, carry, label, turnWaits } = DecideInput.parse(payload);
      const now = clock.now();
      const turnUntil = () =>
        new Date(now.getTime() + Math.min(60_000, timing.turnWaitMs * 2 ** Math.min(turnWaits, 10)));
      return db.transaction(async (tx) => {
        const held = await holdMessage(tx, messageId, carry);
        if (!held) return endedResult(tx, messageId);
        const { message, thread } = held;
        const source = await readSource(tx, message.source);
        if (source.mode !== 'live') {
          await endMessage(tx, { messageId, carry, disposition: 'ignored', reason: 'observed_only', now });
          return ended(tx, message);
        }
        const conversation = await readConversation(tx, thread);
        const self = only(
          conversation.messages.filter((one) => one.id === messageId),
          `message ${messageId}`,
        );
        const standing = standingOf(self, conversation, now.getTime(), timing);
        if (standing.to === 'supersede') {
          const { reason, other } = standing;
          await endMessage(tx, { messageId, carry, disposition: 'superseded_by', reason, otherMessageId: other, now });
          return ended(tx, message);
        }
        if (standing.to === 'escalate' || message.hold) {
          await escalateMessage(
            tx,
            message,
            standing.to === 'escalate' ? standing.reason : (message.hold ?? 'unknown_intent'),
            now,
          );
          return ended(tx, message);
        }
        if (await openCaseOf(tx, thread.id)) {
          await escalateMessage(tx, message, 'thread_with_person', now);
          return ended(tx, message);
        }
        if (standing.to !== 'act') {
          const kind = standing.to === 'settle' ? 'settle' : 'turn';
          const until = standing.to === 'settle' ? new Date(standing.until) : turnUntil();
          await waitMessage(tx, message, kind, until, now);
          await releaseTurn(tx, messageId);
          return { kind: 'wait', for: kind, until: until.toISOString() };
        }
        if (!(await takeTurn(tx, message, now))) {
          await waitMessage(tx, message, 'turn', turnUntil(), now);
          return { kind: 'wait', for: 'turn', until: turnUntil().toISOString() };
        }
        const { subject } = await readContent(tx, messageId);
        // Other words than those that were understood: what is decided and sent is decided on the newest.
        const newest = (await isToldAnew(tx, messageId)) ? await classifyContent(tx, message, now) : label;
        const choice = choose(newest);
        const text = choice.action === 'reply' ? answerFor(choice.template, { subject }) : null;
        await appendEvents(tx, now, [
          {
            messageId,
            kind: 'decided',
            carry,
            detail: choice.action === 'reply' ? choice : { action: 'escalate', reason: choice.reason },
          },
        ]);
        if (choice.action === 'escalate' || text === null) {
          await escalateMessage(tx, message, choice.action === 'escalate' ? choice.reason : 'no_playbook', now);
          return ended(tx, message);
        }
        if (!(await claimAnswer(tx, message, now))) {
          await escalateMessage(tx, message, 'already_answered', now);
          return ended(tx, message);
        }
        await prepareReply(tx, message, choice.template, text, now);
        return { kind: 'reply' };
      });
    },
  };
};

export type LifecycleSteps = ReturnType<typeof createLifecycleSteps>;
