import type { KindValue } from './kinds.js';
import type { VARIABLES, VariableName } from './variables.js';

type Value<N extends VariableName> =
  | KindValue<(typeof VARIABLES)[N]['kind']>
  | ((typeof VARIABLES)[N]['default'] extends null ? null : never);

/** The value of every variable, read; null where it is unset and has no default. */
export type Values = { [N in VariableName]: Value<N> };

/** True where nothing says which Temporal server to use, so that the embedded one is meant. */
export const isTemporalEmbedded = (values: Values): boolean =>
  values.TEMPORAL_ADDRESS === null && values.TEMPORAL_PROFILE === null && values.TEMPORAL_CONFIG_FILE === null;
