export { deliverAlarm, deliverAlarms } from './alarms.js';
export { audit } from './audit.js';
export { dispatch } from './dispatch.js';
export { maintain } from './maintain.js';
export { ledgerMoved, messageLifecycle } from './message-lifecycle.js';
export { lookNow, pacer } from './pacer.js';
export { pollWindow } from './poll-window.js';
export { visitRound } from './visit-round.js';
export { witness } from './witness.js';
