import type { MessageReason } from './reasons.js';
import type { Disposition, MessageState, Route, WaitingKind } from './states.js';

/** What a step of a lifecycle gives back to its workflow: states, reasons and ids. */
export interface StepEnded {
  kind: 'ended';
  state: MessageState;
  disposition: Disposition | null;
  reason: MessageReason | null;
  route: Route | null;
  /** Lifecycles of the same thread that were ended along and may be asleep. */
  wake: string[];
}

export interface StepWait {
  kind: 'wait';
  for: WaitingKind;
  /** ISO instant at which to look again. */
  until: string;
}

export type TakeUpResult = StepEnded | StepWait | { kind: 'go'; carry: number; route: Route };
export type UnderstandResult = StepEnded | { kind: 'go'; label: string };
export type DecideResult = StepEnded | StepWait | { kind: 'reply' };
/** `again`: something new stands in the thread, decide once more. */
export type SendResult = StepEnded | StepWait | { kind: 'again' };
