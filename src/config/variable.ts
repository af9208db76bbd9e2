import type { Kind } from './kinds.js';

export interface Variable {
  group:
    | 'data'
    | 'postgres'
    | 'temporal'
    | 'source'
    | 'alarms'
    | 'attachments'
    | 'playbooks'
    | 'classifier'
    | 'phone'
    | 'people'
    | 'api'
    | 'worker'
    | 'log'
    | 'simulator'
    | 'timing'
    | 'test';
  kind: Kind;
  /** As it would be written in the environment; null where the variable has no value unless it is set. */
  default: string | null;
  doc: string;
  /** Masked wherever settings are shown; NAME_FILE may name a file that holds the value. */
  secret?: true;
}
