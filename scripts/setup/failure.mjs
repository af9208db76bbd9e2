/** A step that failed for a reason we can name; the message is one sentence that says what to do. */
export class SetupFailure extends Error {}
