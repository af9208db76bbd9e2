import { existsSync } from 'node:fs';
import type { Timing } from '../domain/timing.js';
import { timingVariable } from './all-variables.js';
import type { Problem } from './layers.js';
import { isTemporalEmbedded, type Values } from './values.js';
import type { VariableName } from './variables.js';

/** Values that are good alone and wrong together. */
export function findConflicts(values: Values, timing: Timing): Problem[] {
  return [
    ...findDashboardConflicts(values),
    ...findPairConflicts(values),
    ...findStoreConflicts(values),
    ...findModelConflicts(values),
    ...findPhoneConflicts(values),
    ...findTemporalConflicts(values),
    ...findPortConflicts(values),
    ...findTimingConflicts(timing),
  ];
}

function findDashboardConflicts(values: Values): Problem[] {
  const [url, token] = [values.WAYBILL_DASHBOARD_URL, values.WAYBILL_DASHBOARD_TOKEN];
  if (url !== null && token === null)
    return [{ name: 'WAYBILL_DASHBOARD_TOKEN', problem: 'is needed together with WAYBILL_DASHBOARD_URL' }];
  if (url === null && token !== null)
    return [{ name: 'WAYBILL_DASHBOARD_URL', problem: 'is needed together with WAYBILL_DASHBOARD_TOKEN' }];
  const [sender, senderToken] = [values.WAYBILL_INBOUND_SENDER, values.WAYBILL_INBOUND_SENDER_TOKEN];
  if ((sender === null) !== (senderToken === null)) {
    const missing = sender === null ? 'WAYBILL_INBOUND_SENDER' : 'WAYBILL_INBOUND_SENDER_TOKEN';
    return [{ name: missing, problem: 'is needed: the inbound sender has an address and a token' }];
  }
  return [];
}

function findPairConflicts(values: Values): Problem[] {
  const [url, secret] = [values.WAYBILL_ALARM_WEBHOOK_URL, values.WAYBILL_ALARM_WEBHOOK_SECRET];
  const problems: Problem[] = [];
  if (values.WAYBILL_SOURCE_LIMIT !== null && values.WAYBILL_SOURCE_RATE !== null)
    problems.push({
      name: 'WAYBILL_SOURCE_RATE',
      problem: 'is set beside WAYBILL_SOURCE_LIMIT: one of them says the rate',
    });
  if (url !== null && secret === null)
    problems.push({
      name: 'WAYBILL_ALARM_WEBHOOK_SECRET',
      problem: 'is needed together with WAYBILL_ALARM_WEBHOOK_URL',
    });
  if (url === null && secret !== null)
    problems.push({
      name: 'WAYBILL_ALARM_WEBHOOK_URL',
      problem: 'is needed together with WAYBILL_ALARM_WEBHOOK_SECRET',
    });
  return problems;
}

function findModelConflicts(values: Values): Problem[] {
  if (!values.WAYBILL_CLASSIFIER.includes('model')) return [];
  const { WAYBILL_MODEL_PROVIDER: provider } = values;
  const needed: VariableName[] = ['WAYBILL_MODEL_PROVIDER', 'WAYBILL_MODEL_NAME'];
  if (provider === 'compatible') needed.push('WAYBILL_MODEL_URL');
  else if (provider !== null) needed.push('WAYBILL_MODEL_KEY');
  return needed
    .filter((name) => values[name] === null)
    .map((name) => ({ name, problem: 'is needed where WAYBILL_CLASSIFIER names model' }));
}

function findStoreConflicts(values: Values): Problem[] {
  const needed = [
    'WAYBILL_S3_ENDPOINT',
    'WAYBILL_S3_BUCKET',
    'WAYBILL_S3_ACCESS_KEY_ID',
    'WAYBILL_S3_SECRET_ACCESS_KEY',
  ] as const;
  if (values.WAYBILL_ATTACHMENT_STORE !== 's3') return [];
  return needed
    .filter((name) => values[name] === null)
    .map((name) => ({ name, problem: 'is needed together with WAYBILL_ATTACHMENT_STORE=s3' }));
}

/** A phone provider is configured whole or not at all. */
function findPhoneConflicts(values: Values): Problem[] {
  const needed = [
    'WAYBILL_PHONE_ACCOUNT_SID',
    'WAYBILL_PHONE_AUTH_TOKEN',
    'WAYBILL_PHONE_FROM',
    'WAYBILL_PHONE_PUBLIC_URL',
    'WAYBILL_PHONE_INSTRUCTIONS_URL',
  ] as const;
  const given = needed.filter((name) => values[name] !== null);
  if (given.length === 0) return [];
  return needed
    .filter((name) => values[name] === null)
    .map((name) => ({ name, problem: `is needed together with ${given[0]}` }));
}

function findTemporalConflicts(values: Values): Problem[] {
  const problems: Problem[] = [];
  // The embedded server speaks neither TLS nor keys: whoever sets them believes to be connected to another server.
  const remote = [
    'TEMPORAL_API_KEY',
    'TEMPORAL_TLS',
    'TEMPORAL_TLS_CLIENT_CERT_PATH',
    'TEMPORAL_TLS_CLIENT_CERT_DATA',
  ] as const;
  for (const name of isTemporalEmbedded(values) ? remote : []) {
    if (values[name] === null) continue;
    problems.push({
      name,
      problem:
        'is set, and neither TEMPORAL_ADDRESS nor TEMPORAL_PROFILE nor TEMPORAL_CONFIG_FILE says which server is meant',
    });
  }
  // @temporalio/envconfig passes over a file that is not there, and would connect to localhost.
  const file = values.TEMPORAL_CONFIG_FILE;
  if (file !== null && !existsSync(file))
    problems.push({ name: 'TEMPORAL_CONFIG_FILE', problem: 'names a file that does not exist' });
  return problems;
}

function findPortConflicts(values: Values): Problem[] {
  const used: VariableName[] = ['WAYBILL_API_PORT'];
  if (values.WAYBILL_DATABASE_URL === null) used.push('WAYBILL_POSTGRES_PORT');
  if (isTemporalEmbedded(values)) used.push('WAYBILL_TEMPORAL_PORT', 'WAYBILL_TEMPORAL_UI_PORT');
  if (values.WAYBILL_DASHBOARD_URL === null) used.push('WAYBILL_SIMULATOR_PORT');
  const seen = new Map<unknown, VariableName>();
  const problems: Problem[] = [];
  for (const name of used) {
    const other = seen.get(values[name]);
    if (other !== undefined) problems.push({ name, problem: `has the same port as ${other}` });
    seen.set(values[name], name);
  }
  return problems;
}

/** A deadline that is not shorter than the timeout around it would leave the outcome of a call unrecorded. */
function findTimingConflicts(timing: Timing): Problem[] {
  const shorter = [
    ['callDeadlineMs', 'callTimeoutMs'],
    ['sendDeadlineMs', 'sendTimeoutMs'],
    ['attachmentDeadlineMs', 'attachmentTimeoutMs'],
    ['modelDeadlineMs', 'modelTimeoutMs'],
  ] as const;
  const problems: Problem[] = [];
  for (const [less, more] of shorter) {
    if (timing[less] < timing[more]) continue;
    problems.push({ name: timingVariable(less), problem: `must be less than ${timingVariable(more)}` });
  }
  for (const field of [
    'callDeadlineMs',
    'sendDeadlineMs',
    'pollEveryMs',
    'visitEveryMs',
    'dispatchEveryMs',
    'maintainEveryMs',
    'auditEveryMs',
    'auditThreads',
    'witnessEveryMs',
    'paceEveryMs',
    'paceCalmMs',
    'alarmEveryMs',
    'alarmDeadlineMs',
    'attachmentsEveryMs',
    'attachmentDeadlineMs',
    'playbooksEveryMs',
    'modelDeadlineMs',
    'modelGiveUpMs',
    'callAttempts',
    'callPollMs',
    'callReconcileEveryMs',
    'caseEveryMs',
    'caseReminderMs',
    'digestEveryMs',
  ] as const) {
    if (timing[field] < 1) problems.push({ name: timingVariable(field), problem: 'must be at least 1' });
  }
  return problems;
}
