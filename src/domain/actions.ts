import type { EscalateReason } from './reasons.js';

/** What a playbook can have done with a message: a closed list, whatever its text, a model or a template says. */
export const ACTIONS = {
  reply: 'an answer from a template is sent into its thread',
  callback: 'its sender is called',
  hand_off: 'an outside platform carries it on and reports the outcome',
  close: 'it ends without an answer',
  escalate: 'a person takes it, as a case',
} as const;
export type ActionKind = keyof typeof ACTIONS;

export type Action =
  | { do: 'reply'; template: string; text: string }
  | { do: 'callback' }
  | { do: 'hand_off'; platform: string }
  | { do: 'close' }
  | { do: 'escalate'; reason: EscalateReason; evidence?: string };

/** What was chosen for a message, and by what. Names and conditions only: no content but the text of a reply. */
export interface Choice {
  /** Null where no playbook applies. */
  playbook: { name: string; version: string } | null;
  action: Action;
  /** Whether a person has to approve it first, whatever the mode. */
  asksApproval: boolean;
  tags: readonly string[];
  /** Why this playbook applies and others do not, for people. */
  reasons: readonly string[];
}
