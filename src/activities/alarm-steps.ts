import { activityInfo } from '@temporalio/activity';
import { WorkflowIdConflictPolicy, WorkflowIdReusePolicy } from '@temporalio/client';
import { NotifyInput } from '../contracts/pacing-steps.js';
import { nextDeliveryMs } from '../domain/alarms.js';
import { WaybillError } from '../domain/failures.js';
import { alarmWorkflowId, INTAKE_QUEUE } from '../domain/identity.js';
import { findAlarm, isUndelivered, markDelivered, undeliveredAlarms } from '../ledger/alarm-desk.js';
import { sweepStops } from '../ledger/sending-stops.js';
import { sweepReplies } from '../ledger/unconfirmed-replies.js';
import type { ActivityDeps } from './deps.js';

const DELIVERIES_AT_ONCE = 200;

/** Telling people of alarms: each one has a delivery of its own, so that one that is not taken holds up no other. */
export const createAlarmSteps = ({ db, clock, timing, temporal, alarmSink, log }: ActivityDeps) => ({
  /**
   * Looks for what only time shows, then starts a delivery for each alarm that has still to be told of; harmless where one is under
   * way. None without a receiver.
   */
  async startDeliveries(): Promise<{ started: number }> {
    await sweepStops(db, clock.now());
    await sweepReplies(db, timing, clock.now());
    if (!alarmSink) return { started: 0 };
    const alarmIds = await undeliveredAlarms(db, DELIVERIES_AT_ONCE);
    for (const alarmId of alarmIds) {
      await temporal.workflow.start('deliverAlarm', {
        workflowId: alarmWorkflowId(alarmId),
        taskQueue: INTAKE_QUEUE,
        args: [{ alarmId, deadlineMs: timing.alarmDeadlineMs }],
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        staticSummary: 'Tells people of an alarm',
        staticDetails: `\`waybill alarms show ${alarmId}\` says of what.`,
      });
    }
    return { started: alarmIds.length };
  },

  /**
   * Hands one alarm to its receiver and writes down that it was taken; one that was resolved meanwhile is not told.
   * @throws WaybillError AlarmUndelivered, with the wait before the next attempt
   */
  async notify(payload: NotifyInput): Promise<{ told: boolean }> {
    const { alarmId } = NotifyInput.parse(payload);
    const alarm = await findAlarm(db, alarmId);
    if (!alarm || !alarmSink || !isUndelivered(alarm)) return { told: false };
    const { attempt } = activityInfo();
    try {
      await alarmSink.deliver(alarm, clock.now());
    } catch (error) {
      if (!(error instanceof WaybillError)) throw error;
      const { message, code, cause } = error;
      const retryAfterMs = nextDeliveryMs(attempt);
      throw new WaybillError('AlarmUndelivered', message, { retryAfterMs, cause, ...(code ? { code } : {}) });
    }
    await markDelivered(db, alarmId, alarm.notifyAt, clock.now());
    log.provider.info({ event: 'alarm.delivered', alarmId, kind: alarm.kind, attempt });
    return { told: true };
  },
});

export type AlarmSteps = ReturnType<typeof createAlarmSteps>;
