import type { Client } from '@temporalio/client';
import type { LookDeps } from '../delivery/look.js';
import type { Logger } from '../telemetry/logger.js';

/** What activities are made of; built once per worker, released in reverse order. */
export interface ActivityDeps extends LookDeps {
  temporal: Client;
  log: { intake: Logger; lifecycle: Logger; delivery: Logger; provider: Logger };
  /** Our own addresses, in lower case. */
  ownAddresses: ReadonlySet<string>;
}
