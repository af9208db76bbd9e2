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
  'window.closed': {
    doc: 'a polling window ended',
    fields: ['source', 'windowId', 'owed', 'exhausted', 'gaps', 'calls', 'stored', 'durationMs'],
  },
  'listing.cut': {
    doc: 'a creation interval could not be exhausted and stays owed',
    fields: ['source', 'windowId', 'from', 'to', 'reason', 'callId'],
  },
  'round.closed': {
    doc: 'a round of visits ended',
    fields: ['source', 'roundId', 'due', 'read', 'failed', 'calls', 'stored', 'durationMs'],
  },
  'row.parked': {
    doc: 'a row of an answer could not be read and was set aside as it came',
    fields: ['source', 'parkId', 'callId', 'reason'],
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
    fields: ['source', 'callId', 'reason'],
  },
  'attachment.settled': {
    doc: 'an attachment has its end: its bytes are ours, or the provider no longer has them, or they are too many',
    fields: ['source', 'attachmentId', 'state', 'bytes', 'callId'],
  },
  'attachment.postponed': {
    doc: 'an attachment did not come and is asked for again later, or no more',
    fields: ['source', 'attachmentId', 'attempt', 'until', 'callId'],
  },
  'shape.changed': {
    doc: 'an answer carried fields that the contract does not name',
    fields: ['source', 'callId', 'operation', 'fields', 'count'],
  },
  'source.bound': { doc: 'a source name was bound to an origin', fields: ['source', 'mode'] },
  'mode.changed': { doc: 'a source entered another mode', fields: ['source', 'mode', 'from', 'answerFrom'] },

  // provider
  'call.failed': {
    doc: 'a request to the provider did not end in the answer of its contract',
    fields: ['source', 'callId', 'operation', 'status', 'attempt', 'durationMs'],
  },
  'call.exhausted': {
    doc: 'a request failed for the last time that it was tried',
    fields: ['source', 'callId', 'operation', 'status', 'attempts'],
  },
  'source.paused': { doc: 'the provider asked for a pause', fields: ['source', 'until', 'rate'] },
  'call.abandoned': { doc: 'nobody wrote down the end of a request within its time', fields: ['source', 'callId'] },
  'breaker.turned': { doc: 'the breaker of a source changed its state', fields: ['source', 'state', 'from', 'until'] },

  'claim.turned': {
    doc: 'the verdict on a claim about a source changed',
    fields: ['source', 'claim', 'from', 'to'],
  },

  // lifecycle
  'message.ended': {
    doc: 'a message has its ending',
    fields: ['messageId', 'source', 'disposition', 'reason', 'label'],
  },
  'message.parked': {
    doc: 'a message was set aside for a person',
    fields: ['messageId', 'source', 'reason', 'step', 'callId'],
  },
  'message.escalated': {
    doc: 'a person has to act on a message',
    fields: ['messageId', 'source', 'reason', 'label', 'caseId'],
  },
  'message.reopened': {
    doc: 'something new about an ended message came, and it is carried again',
    fields: ['messageId', 'source', 'reason'],
  },
  'step.failed': { doc: 'a step failed and will be tried again', fields: ['messageId', 'step', 'attempt', 'callId'] },
  'dispatch.ended': {
    doc: 'recorded messages were offered to their lifecycles',
    fields: ['started', 'found', 'durationMs'],
  },

  // delivery
  'reply.sent': {
    doc: 'the provider accepted a reply',
    fields: ['messageId', 'source', 'replyId', 'callId', 'attempt'],
  },
  'reply.doubted': {
    doc: 'it is not known whether a reply was executed',
    fields: ['messageId', 'source', 'replyId', 'callId', 'attempt'],
  },
  'reply.confirmed': { doc: 'the thread shows a reply', fields: ['messageId', 'source', 'replyId', 'callId'] },
  'reply.withdrawn': { doc: 'a reply was not sent', fields: ['messageId', 'source', 'replyId', 'reason'] },
  'reply.refused': {
    doc: 'the provider refused a reply',
    fields: ['messageId', 'source', 'replyId', 'callId', 'status'],
  },

  // worker
  'worker.started': {
    doc: 'a worker takes tasks',
    fields: ['roles', 'taskQueues', 'buildId', 'namespace', 'durationMs'],
  },
  'worker.drained': { doc: 'a worker finished what it had in hand and stopped', fields: ['roles', 'durationMs'] },
  'worker.refused': { doc: 'a worker did not start because something is missing', fields: ['reason', 'missing'] },
  'step.retried': {
    doc: 'an activity failed and its retry is left to Temporal',
    fields: ['activityType', 'workflowId', 'attempt', 'callId'],
  },

  'failure.unrecorded': {
    doc: 'a step failed and the ledger could not be told: its message and stack are lost',
    fields: ['activityType', 'workflowId', 'attempt', 'type', 'code'],
  },
  'alarm.delivered': { doc: 'the receiver of the alarms took one', fields: ['alarmId', 'kind', 'attempt'] },

  // api
  'api.listening': { doc: 'the API takes requests', fields: ['host', 'port'] },
  'hint.refused': {
    doc: 'deliveries of a dashboard webhook were not taken',
    fields: ['source', 'reason', 'count'],
  },
  'request.failed': {
    doc: 'the API answered a request with an error',
    fields: ['method', 'route', 'status', 'requestId', 'durationMs'],
  },

  // cli
  'command.failed': { doc: 'a command ended with an error', fields: ['command', 'exitCode'] },
  'server.started': {
    doc: 'a server of the embedded installation runs',
    fields: ['server', 'port', 'pid', 'adopted', 'durationMs'],
  },
  'server.stopped': { doc: 'a server of the embedded installation was stopped', fields: ['server', 'durationMs'] },
  'process.exited': {
    doc: 'a process that was started for the command ended by itself',
    fields: ['process', 'pid', 'exitCode', 'signal'],
  },
  'migration.applied': { doc: 'a migration was applied to the ledger', fields: ['migration', 'durationMs'] },

  // simulator
  'simulator.listening': {
    doc: 'the simulated dashboard takes requests',
    fields: ['port', 'profile', 'seed', 'threads'],
  },
  'oddity.switched': { doc: 'an oddity of the simulated dashboard was turned on or off', fields: ['oddity', 'on'] },

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
  cli: 'commands and what they start',
  simulator: 'the simulated dashboard',
  temporal: 'the Temporal SDK and workflow code',
} as const;
export type Subsystem = keyof typeof SUBSYSTEMS;
