export interface EventEntry {
  doc: string;
  /** Names of the fields that a line of this event may carry: ids, counts, reasons and durations, never content. */
  fields: readonly string[];
}

/**
 * Every line that Waybill logs: one event a fact, `noun.past_participle`. A field that is not listed here is dropped from the
 * line and counted. docs/reference/logs.md is held against this table by a test.
 */
export const EVENTS = {
  // intake
  'window.closed': { doc: 'a polling window ended', fields: ['windowId', 'owed', 'exhausted', 'gaps', 'stored'] },
  'listing.cut': {
    doc: 'a creation interval could not be exhausted and stays owed',
    fields: ['windowId', 'backfillId', 'from', 'to', 'reason'],
  },
  'round.closed': { doc: 'a round of visits ended', fields: ['roundId', 'read', 'failed', 'calls', 'stored'] },
  'row.parked': {
    doc: 'a row of an answer could not be read and was set aside as it came',
    fields: ['source', 'callId', 'reason'],
  },
  'message.found': {
    doc: 'an audit found a message that intake did not have',
    fields: ['messageId', 'auditId', 'verdict', 'cause'],
  },
  'audit.closed': {
    doc: 'an audit ended',
    fields: ['source', 'auditId', 'read', 'missed', 'late', 'upper', 'frame', 'holes'],
  },
  'page.parked': {
    doc: 'a page that stayed unreadable, or a thread that the provider lists and does not know, was set aside',
    fields: ['source', 'threadId', 'callId', 'reason'],
  },
  'source.stopped': {
    doc: 'so many rows of one answer could not be read that the source takes no calls until a person starts it again',
    fields: ['callId', 'reason'],
  },
  'attachment.settled': {
    doc: 'an attachment has its end: its bytes are ours, or the provider no longer has them, or they are too many',
    fields: ['source', 'attachmentId', 'state', 'bytes', 'callId'],
  },
  'attachment.postponed': {
    doc: 'an attachment did not come and is asked for again later, or no more',
    fields: ['source', 'attachmentId', 'attempt', 'until', 'callId'],
  },
  'source.bound': { doc: 'a source name was bound to an origin', fields: ['source', 'mode'] },

  'backfill.begun': {
    doc: 'a backfill begins to walk, or goes on',
    fields: ['backfillId', 'source', 'mode', 'from', 'to'],
  },
  'backfill.holds': {
    doc: 'a backfill makes no calls, for the stated reason',
    fields: ['backfillId', 'source', 'reason'],
  },
  'backfill.goes_on': { doc: 'a backfill calls again', fields: ['backfillId', 'source'] },
  'backfill.ended': { doc: 'a backfill has ended', fields: ['backfillId', 'source', 'state'] },
  'sweep.skipped': { doc: 'a sweep found another backfill of its source walking', fields: ['backfillId', 'source'] },
  'thread.unread': { doc: 'a backfill could not read a thread whole', fields: ['backfillId', 'threadId', 'reason'] },
  'order.refused': {
    doc: 'what a person asked of a backfill could not be read',
    fields: ['backfillId', 'verb', 'reason'],
  },

  // provider
  'call.failed': {
    doc: 'a request to the provider did not end in the answer of its contract',
    fields: ['callId', 'operation', 'status', 'attempt'],
  },
  'source.paused': { doc: 'the provider asked for a pause', fields: ['source', 'until', 'rate'] },
  'call.abandoned': { doc: 'nobody wrote down the end of a request within its time', fields: ['source', 'callId'] },
  'breaker.turned': { doc: 'the breaker of a source changed its state', fields: ['source', 'state', 'from', 'until'] },

  'claim.turned': {
    doc: 'the verdict on a claim about a source changed',
    fields: ['source', 'claim', 'from', 'to'],
  },

  // lifecycle
  'message.ended': { doc: 'a message has its ending', fields: ['messageId', 'source', 'disposition', 'reason'] },
  'message.parked': { doc: 'a message was set aside for a person', fields: ['messageId', 'source', 'reason', 'step'] },
  'message.escalated': { doc: 'a person has to act on a message', fields: ['messageId', 'source', 'reason'] },
  'classifier.unusable': { doc: 'a classifier could not be used, so it abstained', fields: ['classifier', 'reason'] },
  'dispatch.ended': { doc: 'recorded messages were offered to their lifecycles', fields: ['started'] },

  // delivery
  'reply.sent': { doc: 'the provider accepted a reply', fields: ['messageId', 'attempt'] },
  'reply.doubted': { doc: 'it is not known whether a reply was executed', fields: ['messageId', 'attempt'] },
  'reply.withdrawn': { doc: 'a reply was not sent', fields: ['messageId', 'reason'] },

  'callback.placed': {
    doc: 'the step that places a call ended: placed, refused, held, or nothing left and the ledger says why',
    fields: ['messageId', 'attempt', 'outcome'],
  },
  'callback.doubted': { doc: 'it is not known whether a call was placed', fields: ['messageId', 'attempt'] },
  'callback.ended': { doc: 'a call has its end', fields: ['messageId', 'state', 'reason'] },
  'calls.differed': {
    doc: 'the phone provider shows calls that we do not know, or lacks some that we placed',
    fields: ['source', 'strange', 'missing'],
  },

  // worker
  'worker.started': { doc: 'a worker takes tasks', fields: ['roles', 'buildId', 'namespace'] },
  'worker.drained': { doc: 'a worker finished what it had in hand and stopped', fields: ['roles'] },
  'step.retried': {
    doc: 'an activity failed and its retry is left to Temporal',
    fields: ['activityType', 'workflowId', 'attempt'],
  },

  'failure.unrecorded': {
    doc: 'a step failed and the ledger could not be told: its message and stack are lost',
    fields: ['activityType', 'workflowId', 'attempt', 'type', 'code'],
  },
  'case.reminded': { doc: 'people were reminded of a case', fields: ['caseId'] },
  'case.escalated': { doc: 'a case is past its deadline and people were told', fields: ['caseId'] },
  'digest.delivered': { doc: 'the receiver of the alarms took the digest', fields: ['until'] },
  'handoff.acknowledged': { doc: 'an outside platform took a message', fields: ['messageId'] },
  'handoff.refused': { doc: 'an outside platform did not take a message', fields: ['messageId'] },
  'handoff.expired': {
    doc: 'an outside platform reported no outcome in time',
    fields: ['messageId', 'platform'],
  },
  'outcome.reported': {
    doc: 'an outside platform reported what became of a message',
    fields: ['messageId', 'platform', 'state', 'late'],
  },
  'alarm.delivered': { doc: 'the receiver of the alarms took one', fields: ['alarmId', 'kind', 'attempt'] },

  // playbooks
  'playbooks.loaded': { doc: 'a set of playbooks is in force from now on', fields: ['set', 'count', 'warnings'] },
  'playbooks.refused': {
    doc: 'the playbooks cannot be loaded: what they would decide goes to people',
    fields: ['file', 'line', 'column', 'count'],
  },
  'playbooks.deferred': {
    doc: 'changed playbooks could not be taken over yet; it is tried again',
    fields: [],
  },

  // api
  'api.listening': { doc: 'the API takes requests', fields: ['host', 'port'] },
  'hint.refused': {
    doc: 'deliveries of a dashboard webhook were not taken',
    fields: ['source', 'reason', 'count'],
  },
  'submission.refused': {
    doc: 'deliveries of a web form were not taken',
    fields: ['source', 'reason', 'count'],
  },
  'submission.parked': {
    doc: 'a submission that does not fit the schema of its form was kept and set aside',
    fields: ['source', 'reason', 'callId'],
  },
  'submission.recovered': {
    doc: 'the list of a vendor had submissions that no webhook had brought',
    fields: ['source', 'stored'],
  },
  'request.refused': {
    doc: 'the API refused a request for want of a token or of its role',
    fields: ['method', 'route', 'reason', 'actor'],
  },
  'request.failed': {
    doc: 'the API answered a request with an error',
    fields: ['method', 'route', 'status', 'requestId'],
  },

  // temporal
  'sdk.reported': { doc: 'a line of the Temporal SDK, or of a workflow that names no event', fields: [] },
} as const satisfies Record<string, EventEntry>;

export type EventName = keyof typeof EVENTS;
export type EventField<E extends EventName> = (typeof EVENTS)[E]['fields'][number];

/** What a line of the Temporal SDK may carry besides its message; everything else that the SDK attaches is dropped. */
export const TEMPORAL_FIELDS = [
  'sdkComponent',
  'namespace',
  'taskQueue',
  'workflowId',
  'runId',
  'workflowType',
  'activityId',
  'activityType',
  'attempt',
  'isLocal',
  'durationMs',
  'identity',
  'buildId',
  'deploymentName',
  'workerState',
] as const;

/** One logger each. */
export const SUBSYSTEMS = {
  intake: 'windows, listings, visits and recording',
  lifecycle: 'the way of one message: triage, classify, decide, act',
  delivery: 'replies: look, send, confirm',
  provider: 'requests to the providers',
  api: 'the API for people and programs',
  worker: 'start, drain and refusal of workers',
  backfill: 'the walks of the backfills',
  temporal: 'the Temporal SDK and workflow code',
} as const;
export type Subsystem = keyof typeof SUBSYSTEMS;
