import type { ScheduleClient } from '@temporalio/client';
import type { Config } from '../config/config.js';
import { temporalConnection } from '../config/temporal-connection.js';

export interface Nudge {
  /** Runs a Schedule earlier than its period. Never fails: without it the period brings the run. */
  send(scheduleId: string): void;
  close(): Promise<void>;
}

interface Connected {
  schedules: ScheduleClient;
  close(): Promise<void>;
}

/** The SDK is loaded by the first hint: a process that gets none is spared 200 ms and 40 MB. */
async function connect(config: Pick<Config, 'temporal'>): Promise<Connected> {
  const { Connection, ScheduleClient: Schedules } = await import('@temporalio/client');
  const { connectionOptions, namespace } = await temporalConnection(config);
  const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5 seconds' });
  return { schedules: new Schedules({ connection, namespace }), close: () => connection.close() };
}

/** Sends one nudge at a time for each Schedule; those that come meanwhile become one. */
export function createNudge(config: Pick<Config, 'temporal'>): Nudge {
  let connected: Promise<Connected> | null = null;
  const pending = new Set<string>();
  let running: Promise<void> | null = null;

  async function run(): Promise<void> {
    for (const scheduleId of pending) {
      pending.delete(scheduleId);
      try {
        connected ??= connect(config);
        const { schedules } = await connected;
        await schedules.getHandle(scheduleId).trigger('BUFFER_ONE');
      } catch {
        const lost = connected;
        connected = null; // the next hint connects anew
        await lost?.then((one) => one.close()).catch(() => undefined);
      }
    }
    running = null;
  }

  return {
    send(scheduleId) {
      pending.add(scheduleId);
      running ??= run();
    },
    async close() {
      await running;
      await connected?.then((one) => one.close()).catch(() => undefined);
    },
  };
}
