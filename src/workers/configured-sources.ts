import type { Config } from '../config/config.js';
import type { Mode } from '../domain/states.js';
import type { SourceBinding } from '../ledger/sources.js';
import {
  ADAPTER_VERSION,
  createDashboardClient,
  type DashboardClient,
  type DashboardOptions,
} from '../sources/dashboard/client.js';
import { dashboardOrigin } from '../sources/dashboard/origin.js';

/** A source that this process is configured for: how to reach it, and how it is bound in the ledger. */
export interface ConfiguredSource {
  name: string;
  adapterVersion: string;
  /** Calls per second at most. */
  ratePerSecond: number;
  binding(now: Date): SourceBinding;
  /** `onPause` is told of every answer that asks for a pause, from its head on. */
  connect(onPause: NonNullable<DashboardOptions['onPause']>): DashboardClient;
}

/** The whole world of the simulator may be answered: nobody real lives there. */
const BEGINNING = new Date(0);

export function configuredSources(config: Config): ConfiguredSource[] {
  const { source, simulator, timing } = config;
  const make = (
    name: string,
    url: string,
    token: string,
    rate: number,
    first: { mode: Mode; answerFrom: Date | null },
  ): ConfiguredSource => ({
    name,
    adapterVersion: ADAPTER_VERSION,
    ratePerSecond: rate,
    binding: (now) => ({
      name,
      kind: 'dashboard',
      origin: name === 'simulator' ? 'simulator' : dashboardOrigin(url),
      mailboxGroup: source.mailboxGroup,
      ratePerSecond: rate,
      firstMode: first.mode,
      mode: source.mode,
      answerFrom: source.answerFrom ? new Date(source.answerFrom) : first.answerFrom,
      now,
    }),
    connect: (onPause) =>
      createDashboardClient({
        origin: url,
        token,
        callDeadlineMs: timing.callDeadlineMs,
        sendDeadlineMs: timing.sendDeadlineMs,
        onPause,
        attachmentDeadlineMs: timing.attachmentDeadlineMs,
      }),
  });
  if (source.dashboardUrl !== null && source.dashboardToken !== null) {
    return [
      make('dashboard', source.dashboardUrl, source.dashboardToken, source.ratePerSecond, {
        mode: 'observe',
        answerFrom: null,
      }),
    ];
  }
  if (simulator.url !== null && simulator.token !== null) {
    return [
      make('simulator', simulator.url, simulator.token, simulator.ratePerSecond, {
        mode: 'live',
        answerFrom: BEGINNING,
      }),
    ];
  }
  return [];
}
