import { TIMING_FIELDS, type TimingField } from '../domain/timing.js';
import type { Variable } from './variable.js';
import { VARIABLES } from './variables.js';

/** The variable that sets a field of the timing. */
export const timingVariable = (field: TimingField): string =>
  `WAYBILL_TIMING_${field.replaceAll(/[A-Z]|\d+/g, (part) => `_${part}`).toUpperCase()}`;

/** The variables of the timing, made from the fields of domain/timing.ts. */
export const TIMING_VARIABLES: ReadonlyMap<string, { field: TimingField; variable: Variable }> = new Map(
  (Object.keys(TIMING_FIELDS) as TimingField[]).map((field): [string, { field: TimingField; variable: Variable }] => {
    const { default: value, unit, doc } = TIMING_FIELDS[field];
    return [timingVariable(field), { field, variable: { group: 'timing', kind: unit, default: String(value), doc } }];
  }),
);

/** Every variable that Waybill reads, by name. */
export const ALL_VARIABLES: ReadonlyMap<string, Variable> = new Map<string, Variable>([
  ...(Object.entries(VARIABLES) as [string, Variable][]),
  ...[...TIMING_VARIABLES].map(([name, { variable }]) => [name, variable] as [string, Variable]),
]);
