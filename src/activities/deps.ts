import type { Client } from '@temporalio/client';
import type { JudgeAccount } from '../assurance/probes/judge-claims.js';
import type { LookDeps } from '../delivery/look.js';
import type { InboundSender } from '../sources/inbound-sender.js';
import type { Logger } from '../telemetry/logger.js';

/** What activities are made of; built once per worker, released in reverse order. */
export interface ActivityDeps extends LookDeps {
  temporal: Client;
  log: { intake: Logger; lifecycle: Logger; delivery: Logger; provider: Logger };
  /** Our own addresses, in lower case. */
  ownAddresses: ReadonlySet<string>;
  /** Who writes mail to a source as a customer; null where nobody can. */
  senderOf(source: string): InboundSender | null;
  /** Reads the ledger for what bears on the claims of a source, and writes the verdicts. */
  judgeClaims(source: string): Promise<JudgeAccount>;
}
