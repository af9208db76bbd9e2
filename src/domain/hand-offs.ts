/** Where a hand-off can be. */
export const HAND_OFF_STATES = {
  pending: 'written, not yet sent',
  sending: 'a request is on its way, or was, and nobody knows whether it was taken; the same one is sent again',
  acknowledged: 'the platform has it and owes the outcome',
  done: 'the platform reported that it is done',
  failed: 'the platform reported that it could not finish it',
  refused: 'the platform did not take it',
  overdue: 'the platform took it and reported nothing in time; what it reports later is recorded and changes nothing',
  withdrawn: 'not sent: it was no longer wanted or allowed',
} as const;
export type HandOffState = keyof typeof HAND_OFF_STATES;

/** What a platform can report. */
export const HAND_OFF_OUTCOMES = {
  done: 'the work is finished',
  failed: 'the work could not be finished',
} as const;
export type HandOffOutcome = keyof typeof HAND_OFF_OUTCOMES;

/** An outcome as it is kept: names and numbers of the platform's own, never what a customer wrote. */
export interface Outcome {
  status: HandOffOutcome;
  /** The platform's own name of the work, as the id of a run. */
  reference: string | null;
  /** A word of the platform's own for why it failed. */
  reason: string | null;
}

export const sameOutcome = (a: Outcome, b: Outcome): boolean =>
  a.status === b.status && a.reference === b.reference && a.reason === b.reason;

/** Requests of one hand-off at most, of which none was taken. Source: FAULTS, Svix. */
export const MOST_HAND_OFF_ATTEMPTS = 8;

/** Waybill's id of a delivery: it derives from the message, so that every attempt, run and restore uses the same one. */
export const handOffWebhookId = (messageId: string): string => `hand_off_${messageId}`;
