import { WaybillError } from '../domain/failures.js';
import type { ConfiguredProvider } from './configured-providers.js';
import type { ConfiguredSource } from './configured-sources.js';

/** What one worker takes tasks of. */
export interface Roles {
  intake: boolean;
  lifecycle: boolean;
  sources: ConfiguredSource[];
  providers: ConfiguredProvider[];
  /** Sources whose backfill has a queue of its own, which is served here. */
  backfills: ConfiguredSource[];
}

/** @throws WaybillError UsageWrong for a role that does not exist or a source that is not configured */
export function chooseRoles(
  roles: readonly string[] | null,
  sources: readonly ConfiguredSource[],
  providers: readonly ConfiguredProvider[],
): Roles {
  // The queue of a backfill is for a worker elsewhere: one that takes all would take its calls away from there.
  if (roles === null)
    return { intake: true, lifecycle: true, sources: [...sources], providers: [...providers], backfills: [] };
  const chosen: Roles = { intake: false, lifecycle: false, sources: [], providers: [], backfills: [] };
  let everyProvider = false;
  for (const role of roles) {
    const source = sources.find((one) => role === `source:${one.name}`);
    const provider = providers.find((one) => role === `source:${one.name}`);
    const backfilled = sources.find((one) => role === `backfill:${one.name}`);
    if (role === 'providers') everyProvider = true;
    else if (role === 'intake') chosen.intake = true;
    else if (role === 'lifecycle') chosen.lifecycle = true;
    else if (source) chosen.sources.push(source);
    else if (provider) chosen.providers.push(provider);
    else if (backfilled) chosen.backfills.push(backfilled);
    else {
      const known = [
        'intake',
        'lifecycle',
        'providers',
        ...[...sources, ...providers].map((one) => `source:${one.name}`),
        ...sources.map((one) => `backfill:${one.name}`),
      ].join(', ');
      throw new WaybillError(
        'UsageWrong',
        `There is no worker role "${role}": the roles of this configuration are ${known}.`,
        {
          retryable: false,
        },
      );
    }
  }
  return everyProvider ? { ...chosen, providers: [...providers] } : chosen;
}

/** The roles as they are named on the command line. */
export const rolesOf = (roles: Roles): string[] => [
  ...(roles.intake ? ['intake'] : []),
  ...(roles.lifecycle ? ['lifecycle'] : []),
  ...[...roles.sources, ...roles.providers].map((source) => `source:${source.name}`),
  ...roles.backfills.map((source) => `backfill:${source.name}`),
];
