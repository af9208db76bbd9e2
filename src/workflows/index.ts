export { audit } from './audit.js';
export { canary } from './canary.js';
export { dispatch } from './dispatch.js';
export { maintain } from './maintain.js';
export { ledgerMoved, messageLifecycle } from './message-lifecycle.js';
export { pollWindow } from './poll-window.js';
export { probe } from './probe.js';
export { visitRound } from './visit-round.js';
export { witness } from './witness.js';
