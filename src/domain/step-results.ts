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
/** `ask`: the language model of this name has to be asked first. */
export type UnderstandResult = StepEnded | { kind: 'go'; label: string } | { kind: 'ask'; source: string };

/** A workflow that carries a part of the way, beside the lifecycle: it writes what it finds to the ledger and wakes the lifecycle. */
export interface StartBeside {
  workflow: 'callback' | 'handOff';
  /** Derived from the message, so that every run finds the same one. */
  workflowId: string;
  messageId: string;
  source: string;
}

/** A wait; `start` has to run meanwhile. */
export interface ActionWait extends StepWait {
  start?: StartBeside;
}

/** `understand`: other words came under the message, so what it asks for is found out again. */
export type DecideResult = StepEnded | ActionWait | { kind: 'reply' } | { kind: 'understand' };
/** `again`: something new stands in the thread, decide once more. */
export type SendResult = StepEnded | StepWait | { kind: 'again' };
