import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { AlarmSteps } from '../activities/alarm-steps.js';

export interface DeliverAlarmInput {
  alarmId: string;
  /** Deadline of one request to the receiver. */
  deadlineMs: number;
}

/** Looks for alarms that people have to be told of and starts the delivery of each. */
export async function deliverAlarms(): Promise<{ started: number }> {
  return proxyActivities<AlarmSteps>({ startToCloseTimeout: '60 seconds' }).startDeliveries();
}

/** One alarm to its receiver, tried again at growing distances for as long as it is not resolved; each attempt names its next one. */
export async function deliverAlarm({ alarmId, deadlineMs }: DeliverAlarmInput): Promise<{ told: boolean }> {
  const { notify } = proxyActivities<AlarmSteps>({
    startToCloseTimeout: deadlineMs + 15_000,
    retry: { initialInterval: '5 seconds', maximumInterval: '10 hours' },
    summary: 'hands the alarm to its receiver',
  });
  const result = await notify({ alarmId });
  setCurrentDetails(result.told ? 'the receiver took it' : 'there was nobody to tell, or nothing left to tell');
  return result;
}
