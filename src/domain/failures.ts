/** What we could not do. The key is the type that travels in a Temporal failure; the text is for people and docs/lifecycle.md. */
export const FAILURES = {
  SourceUnreachable: 'the provider could not be reached, or the connection broke',
  SourceTimeout: 'the provider did not answer within the deadline of the call',
  SourceAuthRejected: 'the provider rejected our token',
  SourceNotFound: 'the provider does not know the thread or the item',
  SourceBlocked: 'a Retry-After of the provider has not passed yet',
  SourceStopped: 'the source is stopped until a person starts it again',
  SourceRateLimited: 'the provider answered that there were too many requests',
  SourceTrouble: 'the provider answered with an error of its own',
  SourceRefused: 'the provider refused the parameters of the call',
  SourceAnswerUnreadable: 'the provider answered 200 with something that is no page of the contract',
  SourceAnswerTooLarge: 'the provider answered with more bytes than the cap allows',
  CallAbandoned: 'the attempt that opened a call ended without writing down what came of it',
  CursorExpired: 'the provider no longer accepts the cursor of the page before',
  ListingUnstable: 'rows shifted between the pages while the listing was read',
  ListingContradicted: 'the listing lacks most of the threads that we hold of its interval',
  ListingUnfinished: 'the window ended before the listing was exhausted',
  ReplyDoubtful: 'it is not known whether the reply was executed',
  ReplyRefused: 'the provider refused the reply',
  CallDoubtful: 'it is not known whether the call was placed',
  CallRefused: 'the phone provider refused the call',
  AlarmUndelivered: 'the receiver of the alarms did not take one',
  StoreTrouble: 'the store of attachments did not take the bytes',
  InboundSenderFailed: 'mail could not be written as a customer',
  LostFence: 'another attempt took this step over',
  LedgerUnavailable: 'Postgres could not be reached',
  LedgerConflict: 'the ledger holds something else than the step expects',
  SourceOriginConflict: 'the source name is bound to another origin',
  ConfigurationInvalid: 'a setting is missing or has a value that cannot be used',
  PrerequisiteMissing: 'something that the command needs is not there',
  UsageWrong: 'the command line cannot be understood',
  Unexpected: 'an error that no rule of ours names',
} as const;

export type FailureType = keyof typeof FAILURES;

export interface WaybillErrorOptions {
  cause?: unknown;
  /** HTTP status or SQLSTATE, where there is one. */
  code?: string;
  /** The provider_call row that bears on the failure. */
  callId?: string;
  /** Milliseconds to wait before another attempt makes sense. */
  retryAfterMs?: number;
  /** False where another attempt cannot help. */
  retryable?: boolean;
}

/**
 * The only error that Waybill throws on purpose. `type` and `code` may travel anywhere; `message` and `cause` may quote
 * a customer and stay in the ledger and on the terminal.
 */
export class WaybillError extends Error {
  readonly type: FailureType;
  readonly code: string | undefined;
  callId: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly retryable: boolean;

  constructor(type: FailureType, detail: string, options: WaybillErrorOptions = {}) {
    super(detail, { cause: options.cause });
    this.name = 'WaybillError';
    this.type = type;
    this.code = options.code;
    this.callId = options.callId;
    this.retryAfterMs = options.retryAfterMs;
    this.retryable = options.retryable ?? true;
  }
}
