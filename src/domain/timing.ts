/**
 * Every period, deadline and wait of Waybill, in one place. Workflows receive it as input, so that a running history keeps
 * the values it began with and tests can shrink them on the real server.
 */
export const TIMING_FIELDS = {
  pollEveryMs: { default: 60_000, unit: 'ms', doc: 'period of the polling windows' },
  visitEveryMs: { default: 60_000, unit: 'ms', doc: 'period of the rounds of visits' },
  dispatchEveryMs: { default: 15_000, unit: 'ms', doc: 'period of the dispatch of recorded messages' },
  maintainEveryMs: { default: 3_600_000, unit: 'ms', doc: 'period of the upkeep of partitions' },
  runBudgetMs: { default: 60_000, unit: 'ms', doc: 'time after which a round of visits ends by itself' },
  redispatchRecordedMs: {
    default: 30_000,
    unit: 'ms',
    doc: 'age after which an offered message that nobody took up is offered again',
  },
  redispatchMs: {
    default: 300_000,
    unit: 'ms',
    doc: 'age after which a carried message without an ending is offered again',
  },
  redispatchWaitingMs: { default: 3_600_000, unit: 'ms', doc: 'the same for a message that waits' },
  horizonMs: { default: 31_536_000_000, unit: 'ms', doc: 'how far back threads are listed and visited' },
  lookbackMs: {
    default: 1_296_000_000,
    unit: 'ms',
    doc: 'within it every creation interval is listed again at least daily',
  },
  coveringWidthMs: { default: 86_400_000, unit: 'ms', doc: 'least width of a listing that counts as coverage' },
  listingWidthMs: { default: 2_592_000_000, unit: 'ms', doc: 'width of the listings of a first enumeration' },
  listingMinGapMs: { default: 900_000, unit: 'ms', doc: 'least time between two readings of a creation interval' },
  listingAgeShare: { default: 0.1, unit: 'share', doc: 'share of the interval age after which it is read again' },
  listingLookbackGapMs: {
    default: 86_400_000,
    unit: 'ms',
    doc: 'longest time between two readings within the look-back',
  },
  listingMaxGapMs: { default: 2_592_000_000, unit: 'ms', doc: 'longest time between two readings out to the horizon' },
  safeFrontierMs: {
    default: 60_000,
    unit: 'ms',
    doc: 'threads younger than this may come and go while a listing is read',
  },
  hintAgainMs: {
    default: 120_000,
    unit: 'ms',
    doc: 'wait before a hint that brought nothing new is followed again; five times as long before the last time',
  },
  visitMinGapMs: { default: 900_000, unit: 'ms', doc: 'P: least time between two visits of a thread' },
  visitSilenceShare: {
    default: 0.17,
    unit: 'share',
    doc: 'c: no message is found later than this share of the silence that it ended, or than P',
  },
  visitSilencePower: {
    default: 0.85,
    unit: 'share',
    doc: 'power of the silence with which gaps grow before anything is learnt of a source',
  },
  visitBudgetShare: {
    default: 0.8,
    unit: 'share',
    doc: 'share of the rate of a source, less its other calls, that visits may take',
  },
  visitPlanEveryMs: { default: 900_000, unit: 'ms', doc: 'period of the planning of visits' },
  ledgerTimeoutMs: {
    default: 10_000,
    unit: 'ms',
    doc: 'start-to-close timeout of a step that only touches the ledger',
  },
  callTimeoutMs: {
    default: 15_000,
    unit: 'ms',
    doc: 'start-to-close timeout of an activity that makes one provider call',
  },
  callDeadlineMs: { default: 10_000, unit: 'ms', doc: 'deadline of one provider request' },
  sendTimeoutMs: { default: 60_000, unit: 'ms', doc: 'start-to-close timeout of the activity that looks and sends' },
  sendDeadlineMs: { default: 20_000, unit: 'ms', doc: 'deadline of the request that sends a reply' },
  callRetryInitialMs: { default: 1_000, unit: 'ms', doc: 'first wait before a failed provider call is tried again' },
  callRetryMaxMs: { default: 60_000, unit: 'ms', doc: 'longest wait before a failed provider call is tried again' },
  retryAfterDefaultMs: { default: 30_000, unit: 'ms', doc: 'pause after a 429 that names no Retry-After' },
  retryAfterMaxMs: { default: 3_600_000, unit: 'ms', doc: 'longest Retry-After that is honoured' },
  paceEveryMs: { default: 5_000, unit: 'ms', doc: 'period of the pacer while the rate of a source has to be watched' },
  paceCalmMs: { default: 60_000, unit: 'ms', doc: 'the same while calls go out at their ceiling and none fails' },
  breakerWindowMs: { default: 60_000, unit: 'ms', doc: 'time over which the breaker of a source counts failures' },
  breakerOpenMs: {
    default: 30_000,
    unit: 'ms',
    doc: 'how long the breaker of a source stays open at first; it doubles',
  },
  breakerOpenMaxMs: {
    default: 300_000,
    unit: 'ms',
    doc: 'longest time that the breaker of a source stays open at once',
  },
  alarmEveryMs: { default: 15_000, unit: 'ms', doc: 'period of the look for alarms that people have to be told of' },
  alarmDeadlineMs: { default: 15_000, unit: 'ms', doc: 'deadline of the request that delivers an alarm' },
  settleMs: { default: 120_000, unit: 'ms', doc: 'quiet time of a thread before its newest message is answered' },
  turnWaitMs: { default: 1_000, unit: 'ms', doc: 'first wait for the turn in a thread; it doubles up to a minute' },
  visibleWithinMs: { default: 60_000, unit: 'ms', doc: 'time after which an accepted reply shows in its thread' },
  approvalDueMs: { default: 28_800_000, unit: 'ms', doc: 'time in which a person decides on a draft' },
  replyConfirmMs: {
    default: 3_600_000,
    unit: 'ms',
    doc: 'time in which a visit has to see a reply that the provider accepted',
  },
  stopWithinMs: {
    default: 1_500,
    unit: 'ms',
    doc: 'longest time between the last look for a stop of sending and the request',
  },
  replyLimitMs: { default: 86_400_000, unit: 'ms', doc: 'time over which automatic replies are counted' },
  repliesPerThread: { default: 5, unit: 'count', doc: 'automatic replies into one thread within that time, at most' },
  repliesPerCorrespondent: {
    default: 10,
    unit: 'count',
    doc: 'automatic replies to one address within that time, at most',
  },
  bodyWait1Ms: { default: 60_000, unit: 'ms', doc: 'first re-read of a message that has no body yet' },
  bodyWait2Ms: { default: 300_000, unit: 'ms', doc: 'second re-read of a message that has no body yet' },
  bodyWait3Ms: { default: 1_800_000, unit: 'ms', doc: 'last re-read of a message that has no body yet' },
  originToleranceMs: {
    default: 3_600_000,
    unit: 'ms',
    doc: 'how far an origin stamp may lie outside [thread created, first seen]',
  },
  auditEveryMs: { default: 86_400_000, unit: 'ms', doc: 'period of the audits of a source' },
  auditThreads: { default: 300, unit: 'count', doc: 'known threads that an audit draws' },
  witnessEveryMs: {
    default: 300_000,
    unit: 'ms',
    doc: 'period of the search for Message-IDs that point at nothing we hold',
  },
  orphanAfterMs: {
    default: 86_400_000,
    unit: 'ms',
    doc: 'age after which a Message-ID that points at nothing we hold counts as a hole',
  },
  parkRetryMs: {
    default: 60_000,
    unit: 'ms',
    doc: 'first wait before what is parked, or an attachment that did not come, is asked for again; it grows to a day',
  },
  stoppedRetryMs: {
    default: 600_000,
    unit: 'ms',
    doc: 'wait before a step that a stopped source holds up is tried again',
  },
  attachmentsEveryMs: { default: 60_000, unit: 'ms', doc: 'period of the runs that fetch attachments' },
  attachmentDeadlineMs: { default: 60_000, unit: 'ms', doc: 'deadline of the request that fetches an attachment' },
  attachmentTimeoutMs: {
    default: 150_000,
    unit: 'ms',
    doc: 'start-to-close timeout of the activity that fetches an attachment and stores it',
  },
  probeEveryMs: { default: 3_600_000, unit: 'ms', doc: 'period of the judging of claims from the ledger' },
  probeScanMs: {
    default: 86_400_000,
    unit: 'ms',
    doc: 'how far back the ledger is searched for what bears on a claim',
  },
  claimMemoryMs: {
    default: 2_592_000_000,
    unit: 'ms',
    doc: 'how long something that contradicts a claim keeps it refuted',
  },
  listedWithinMs: { default: 60_000, unit: 'ms', doc: 'time in which a new thread has to show in the list' },
  probeSettleMs: { default: 5_000, unit: 'ms', doc: 'wait of a probe between two of its messages' },
  probeCursorWaitMs: { default: 660_000, unit: 'ms', doc: 'age at which a probe uses a cursor once more' },
  probeReplyWaitMs: { default: 330_000, unit: 'ms', doc: 'time after which a probe looks for its replies once more' },
  canaryEveryMs: { default: 3_600_000, unit: 'ms', doc: 'period of the canary, where mail can be written' },
  canaryDueMs: { default: 1_800_000, unit: 'ms', doc: 'time in which a canary has to come back' },
  canaryOriginAgeMs: { default: 10_800_000, unit: 'ms', doc: 'age of the Date header of mail that we write ourselves' },
  playbooksEveryMs: {
    default: 15_000,
    unit: 'ms',
    doc: 'period of the look for changed playbooks, in every worker that decides',
  },
  classifierCheckMs: {
    default: 30_000,
    unit: 'ms',
    doc: 'how long a worker takes the trained classifier that it holds for the one in force',
  },
  modelDeadlineMs: { default: 20_000, unit: 'ms', doc: 'deadline of the request that asks a language model' },
  modelTimeoutMs: {
    default: 30_000,
    unit: 'ms',
    doc: 'start-to-close timeout of the activity that asks a language model',
  },
  modelGiveUpMs: {
    default: 600_000,
    unit: 'ms',
    doc: 'how long a message waits for a language model before it goes on without',
  },
  callVisibleMs: {
    default: 60_000,
    unit: 'ms',
    doc: 'time after the deadline of a request for a call within which its call shows in the list of the phone provider',
  },
  callPollMs: { default: 60_000, unit: 'ms', doc: 'silence of the phone provider after which a call is asked after' },
  callAgainMs: { default: 900_000, unit: 'ms', doc: 'least wait before a busy or unanswered number is called again' },
  callAttempts: { default: 3, unit: 'count', doc: 'requests for a call on behalf of one message at most' },
  callWindowMs: {
    default: 345_600_000,
    unit: 'ms',
    doc: 'time after a request for a call in which it can be placed: a long weekend is shorter',
  },
  callLongestMs: {
    default: 18_000_000,
    unit: 'ms',
    doc: 'time after which a call that still has no end goes to a person',
  },
  callReconcileEveryMs: {
    default: 900_000,
    unit: 'ms',
    doc: 'period of the comparison with the list of the phone provider',
  },
  callReconcileBackMs: { default: 86_400_000, unit: 'ms', doc: 'how far back that comparison goes' },
  backfillCheckMs: {
    default: 30_000,
    unit: 'ms',
    doc: 'period of the look whether anything keeps a backfill from calling',
  },
  backfillLateMs: {
    default: 300_000,
    unit: 'ms',
    doc: 'how late a live visit may be before a backfill waits for it',
  },
  backfillTokenMs: {
    default: 300_000,
    unit: 'ms',
    doc: 'wait of a backfill whose token was rejected before it asks again',
  },
  formsEveryMs: { default: 900_000, unit: 'ms', doc: 'period of the reconciliation of a web form' },
  formsOverlapMs: {
    default: 86_400_000,
    unit: 'ms',
    doc: 'how far before the last whole reading the list of a form is read again',
  },
  formsHorizonMs: { default: 2_592_000_000, unit: 'ms', doc: 'how far back the list of a form is read at first' },
  formGapMs: {
    default: 900_000,
    unit: 'ms',
    doc: 'age after which a number that is missing in the sequence of a form counts as lost',
  },
  formCanaryDueMs: { default: 900_000, unit: 'ms', doc: 'time in which a canary submission has to arrive' },
  sameSubmissionMs: {
    default: 7_200_000,
    unit: 'ms',
    doc: 'within it the same sender and words, by webhook and by e-mail, are one submission where no id says so',
  },
  caseEveryMs: { default: 15_000, unit: 'ms', doc: 'period of the look for cases without a workflow' },
  caseDueMs: { default: 86_400_000, unit: 'ms', doc: 'time in which a case has to be resolved' },
  caseReminderMs: { default: 14_400_000, unit: 'ms', doc: 'wait before the first reminder of a case; it doubles' },
  caseReminderMaxMs: { default: 86_400_000, unit: 'ms', doc: 'longest wait between two reminders of a case' },
  digestEveryMs: { default: 86_400_000, unit: 'ms', doc: 'period of the digest, and the time that it looks back' },
  handOffTakeMs: {
    default: 129_600_000,
    unit: 'ms',
    doc: 'time in which an outside platform has to take what is handed off to it',
  },
  statusEveryMs: { default: 2_000, unit: 'ms', doc: 'period of the live status' },
  stickyMs: {
    default: 10_000,
    unit: 'ms',
    doc: 'how long the next step of a workflow waits for the worker that has it in memory, before another may take it',
  },
  drainMs: { default: 10_000, unit: 'ms', doc: 'time a worker gets to finish what it has in hand' },
} as const satisfies Record<string, { default: number; unit: 'ms' | 'share' | 'count'; doc: string }>;

export type TimingField = keyof typeof TIMING_FIELDS;
export type Timing = Readonly<Record<TimingField, number>>;

export const DEFAULT_TIMING: Timing = Object.freeze(
  Object.fromEntries(Object.entries(TIMING_FIELDS).map(([name, field]) => [name, field.default])),
) as Timing;

/** What a lifecycle's workflow itself needs; everything else is read by the activities. */
export type LifecycleTiming = Pick<
  Timing,
  'sendTimeoutMs' | 'callRetryInitialMs' | 'callRetryMaxMs' | 'modelTimeoutMs' | 'modelGiveUpMs'
>;

/**
 * The values of a run, with the defaults for fields that did not exist yet when it was started: without them a run that is
 * open during an upgrade would hang on a period that is undefined.
 */
export const wholeTiming = (given: Partial<Timing>): Timing => ({ ...DEFAULT_TIMING, ...given });
