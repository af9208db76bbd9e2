import type { Mode } from '../../domain/states.js';
import { closeApproval, noteApprovalLooked, openApproval, readApproval } from '../../ledger/approvals.js';
import { readDrafts, writeDraft } from '../../ledger/drafts.js';
import { appendEvents } from '../../ledger/events.js';
import { escalateMessage, releaseTurn, waitMessage } from '../../ledger/lifecycles.js';
import { modeIn } from '../../ledger/modes.js';
import { claimAnswer, writeReply } from '../../ledger/outbox.js';
import { type Acted, type Acting, type Deciding, ENDED } from './context.js';
import { already } from './reply.js';

/** Writes down what would be done and asks a person; the turn goes to others meanwhile. */
export async function askApproval(
  { tx, message, content, choice, now, timing }: Acting,
  correspondent: string | null,
): Promise<Acted> {
  const { action, playbook } = choice;
  if (action.do === 'reply') {
    // Nobody is asked about an answer that another copy of the message has the right to.
    if (!(await claimAnswer(tx, message, now))) return already({ tx, message, now });
    const { template, text } = action;
    await writeReply(tx, message, { template, text, state: 'drafted', correspondent, now });
  }
  const by = playbook?.name ?? 'no playbook';
  const draftVersion = await writeDraft(tx, message, { purpose: 'approval', action, playbook, by, now });
  const detail = { version: draftVersion, by, ...(action.do === 'reply' ? { template: action.template } : {}) };
  await appendEvents(tx, now, [{ messageId: message.id, kind: 'drafted', carry: message.carry, detail }]);
  const dueAt = new Date(now.getTime() + timing.approvalDueMs);
  await openApproval(tx, message, { draftVersion, bodyVersion: content.version, dueAt, now });
  return waitForApproval({ tx, message, now }, dueAt);
}

async function waitForApproval(
  { tx, message, now }: Pick<Deciding, 'tx' | 'message' | 'now'>,
  dueAt: Date,
): Promise<Acted> {
  await waitMessage(tx, message, 'approval', dueAt, now);
  await releaseTurn(tx, message.id);
  return { kind: 'wait', for: 'approval', until: dueAt.toISOString() };
}

/**
 * How the question to a person about this message stands: it waits on, it ends with a person, or what was approved is done with the
 * words that were approved, under everything that guards what leaves. Null where nobody was asked about what it says now.
 */
export async function approvalUnderWay(
  deciding: Deciding,
): Promise<Acted | Pick<Acting, 'choice' | 'mode' | 'approved'> | null> {
  const { tx, message, content, now } = deciding;
  const approval = await readApproval(tx, message.id);
  if (!approval || approval.verdict === 'withdrawn') return null;
  if (content.version !== approval.bodyVersion) {
    await closeApproval(tx, message.id, 'withdrawn', now);
    return null;
  }
  if (approval.verdict === null && now < approval.dueAt) {
    await noteApprovalLooked(tx, message.id, now);
    return waitForApproval(deciding, approval.dueAt);
  }
  if (approval.verdict === 'approved') return approved(deciding, approval.draftVersion);
  await closeApproval(tx, message.id, 'overdue', now);
  const reason = approval.verdict === 'rejected' ? 'approval_rejected' : 'approval_overdue';
  await escalateMessage(tx, message, reason, now);
  return ENDED;
}

async function approved(
  { tx, message, sending }: Deciding,
  version: number,
): Promise<Pick<Acting, 'choice' | 'mode' | 'approved'> | null> {
  const draft = (await readDrafts(tx, message.id)).find((one) => one.version === version);
  if (!draft) return null;
  const { action, playbook } = draft;
  const inForce = modeIn(sending, { route: message.route, playbook: playbook?.name ?? null });
  const mode: Mode = inForce === 'approve' ? 'live' : inForce;
  return {
    choice: { playbook, action, asksApproval: false, tags: [], reasons: [`draft ${version} approved`] },
    mode,
    approved: true,
  };
}
