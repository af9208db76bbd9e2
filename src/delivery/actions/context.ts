import type { Choice } from '../../domain/actions.js';
import type { Conversation } from '../../domain/conversation.js';
import type { Mode } from '../../domain/states.js';
import type { ActionWait } from '../../domain/step-results.js';
import type { Timing } from '../../domain/timing.js';
import type { Sql } from '../../ledger/database.js';
import type { Held } from '../../ledger/hold-messages.js';
import { type MessageContent, readConversation } from '../../ledger/lifecycles.js';
import { readSending, type Sending } from '../../ledger/modes.js';
import { readUnderWay, type UnderWay } from '../../ledger/under-way.js';
import type { CallingSetup } from '../calling/setup.js';

interface With {
  now: Date;
  timing: Timing;
  /** What calls are made with; null or absent where no phone provider is configured. */
  calling?: CallingSetup | null;
  /** Addresses that send the submissions of forms, in lower case: a reply to one of them reaches no customer. */
  mailers?: ReadonlySet<string>;
}

/** A message that is being decided: its thread is locked, its carry checked, all in one transaction. */
export interface Deciding extends Held, With {
  tx: Sql;
  conversation: Conversation;
  /** Its newest words. */
  content: MessageContent;
  underWay: UnderWay;
  sending: Sending;
}

/** Reads what a decision looks at, once: nothing of it can change while the thread is held, but what people set, which is asked again before anything leaves. */
export async function readDeciding(tx: Sql, held: Held, given: With): Promise<Deciding> {
  const { message, thread } = held;
  const conversation = await readConversation(tx, thread);
  const { content, underWay } = await readUnderWay(tx, message);
  return { tx, ...held, ...given, conversation, content, underWay, sending: await readSending(tx, message.source) };
}

/** The same with what a playbook chose, and the mode in force for that. The choice is written down. */
export interface Acting extends Deciding {
  choice: Choice;
  mode: Mode;
  /** A person has approved it. */
  approved?: true;
}

/**
 * `ended`: the message has its ending, and those in `along` have theirs; a wait is written down; `reply`: its reply stands in the
 * outbox, ready to leave.
 */
export type Acted = { kind: 'ended'; along?: readonly string[] } | ActionWait | { kind: 'reply' };

export const ENDED: Acted = { kind: 'ended' };
