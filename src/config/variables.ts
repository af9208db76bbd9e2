import { ANSWER_VARIABLES } from './answer-variables.js';
import { PROCESS_VARIABLES } from './process-variables.js';
import { SERVER_VARIABLES } from './server-variables.js';
import { SOURCE_VARIABLES } from './source-variables.js';
import type { Variable } from './variable.js';

/** Every variable but those of the timing; docs/reference/configuration.md is held against this table by a test. */
export const VARIABLES = {
  ...SERVER_VARIABLES,
  ...SOURCE_VARIABLES,
  ...ANSWER_VARIABLES,
  ...PROCESS_VARIABLES,
} as const satisfies Record<string, Variable>;

export type VariableName = keyof typeof VARIABLES;
