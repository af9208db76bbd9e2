/** Names that are derived, never random: the same fact gives the same name in every run. */

/** Workflow ids hold only our own ids; a provider's id may hold an address. */
export const lifecycleWorkflowId = (source: string, messageId: string): string => `message/${source}/${messageId}`;
export const pollWorkflowId = (source: string): string => `poll/${source}`;
export const visitWorkflowId = (source: string): string => `visit/${source}`;
export const auditWorkflowId = (source: string): string => `audit/${source}`;
export const backfillWorkflowId = (source: string, name: string): string => `backfill/${source}/${name}`;
export const pacerWorkflowId = (source: string): string => `pacer/${source}`;
export const alarmWorkflowId = (alarmId: string): string => `alarm/${alarmId}`;
export const ALARMS_WORKFLOW_ID = 'alarms';
export const attachmentsWorkflowId = (source: string): string => `attachments/${source}`;
export const probeWorkflowId = (source: string): string => `probe/${source}`;
export const activeProbeWorkflowId = (source: string): string => `probe-now/${source}`;
export const canaryWorkflowId = (source: string): string => `canary/${source}`;
export const caseWorkflowId = (caseId: string): string => `case/${caseId}`;
export const handOffWorkflowId = (messageId: string): string => `hand-off/${messageId}`;
export const CASES_WORKFLOW_ID = 'cases';
export const DIGEST_WORKFLOW_ID = 'digest';
export const DISPATCH_WORKFLOW_ID = 'dispatch';
export const MAINTAIN_WORKFLOW_ID = 'maintain';
export const WITNESS_WORKFLOW_ID = 'witness';

export const callbackWorkflowId = (source: string, messageId: string): string => `callback/${source}/${messageId}`;
export const callListWorkflowId = (provider: string): string => `calls/${provider}`;

/** Lifecycles; windows, rounds and dispatch have a queue of their own, so that a backlog of messages never delays intake. */
export const LIFECYCLE_QUEUE = 'waybill';
export const INTAKE_QUEUE = 'waybill-intake';
export const DEPLOYMENT = 'waybill';
/** The name of the language model among the sources: it has its own queue, pacer and budget. */
export const MODEL_SOURCE = 'model';
export const sourceQueue = (source: string): string => `source.${source}`;
/** The calls of a backfill that a worker elsewhere makes, on the same budget. */
export const backfillQueue = (source: string): string => `source.${source}.backfill`;

/**
 * What the provider echoes on the message that our reply becomes. It derives from the message that is answered, so every
 * attempt, run and restore uses the same one.
 */
export const replyRef = (messageId: string): string => `wb-${messageId}`;
export const REPLY_REF_PREFIX = 'wb-';
/** Replies of a probe, on a thread that its own mail opened: they answer nobody and count in no business figure. */
export const PROBE_REF_PREFIX = 'waybill-probe-';
export const replyIdempotencyKey = (messageId: string): string => `waybill-reply-${messageId}`;

/** What rides in the addresses that a call's provider is given: it derives from message and attempt, so every run uses the same one. */
export const callKey = (messageId: string, attempt: number): string => `${messageId}-${attempt}`;

/** Identity of an item whose own id cannot be read. */
export const UNREADABLE_PREFIX = 'unreadable:';
export const unreadableId = (sha256Hex: string): string => `${UNREADABLE_PREFIX}${sha256Hex}`;
/** Identity of what came under an id that belongs to another message: the id alone would overwrite that one. */
export const collidedId = (providerId: string, contentHash: string): string => `${providerId}#${contentHash}`;
