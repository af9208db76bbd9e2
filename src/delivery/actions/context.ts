import type { Choice } from '../../domain/actions.js';
import type { Conversation } from '../../domain/conversation.js';
import type { Mode } from '../../domain/states.js';
import type { ActionWait } from '../../domain/step-results.js';
import type { Timing } from '../../domain/timing.js';
import type { Sql } from '../../ledger/database.js';
import type { CarriedMessage } from '../../ledger/lifecycles.js';
import type { Thread } from '../../ledger/visits.js';
import type { CallingSetup } from '../calling/setup.js';

/** A message that is being decided: its thread is locked, its carry checked, all in one transaction. */
export interface Deciding {
  tx: Sql;
  message: CarriedMessage;
  thread: Thread;
  conversation: Conversation;
  now: Date;
  timing: Timing;
  /** What calls are made with; null or absent where no phone provider is configured. */
  calling?: CallingSetup | null;
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
