import type { Sql } from '../ledger/database.js';
import {
  answeredToOutbox,
  casesToResolution,
  claimsToOutbox,
  escalatedToCases,
  handOffsToOutcomes,
  ledgerToEnding,
  statesToEvents,
} from './ending-equations.js';
import type { Equation } from './equation.js';
import {
  attachmentsToBytes,
  goneToEvents,
  messagesToBodies,
  messagesToThreads,
  parksToRetries,
  providerToLedger,
  submissionsToMessages,
  threadsToLedger,
} from './intake-equations.js';

export interface Balance {
  balanced: boolean;
  equations: Equation[];
}

/**
 * Checks the books: provider to ledger, ledger to ending, replies, cases. Every id that a provider's answer named is a message,
 * a thread or a park; every inbound message is ended, waiting, parked or in flight and says so in its events. Source: DESIGN law 2.
 */
export async function checkBalance(db: Sql): Promise<Balance> {
  const equations = [
    await providerToLedger(db),
    await threadsToLedger(db),
    await ledgerToEnding(db),
    await statesToEvents(db),
    await answeredToOutbox(db),
    await claimsToOutbox(db),
    await escalatedToCases(db),
    await casesToResolution(db),
    await messagesToBodies(db),
    await goneToEvents(db),
    await messagesToThreads(db),
    await parksToRetries(db),
    await submissionsToMessages(db),
    await attachmentsToBytes(db),
    await handOffsToOutcomes(db),
  ];
  return { balanced: equations.every((one) => one.left === one.right && one.residuals === 0), equations };
}
