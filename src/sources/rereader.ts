import type { IncomingMessage, IncomingThread, Item } from '../domain/message.js';

/** Reads again what was kept of a source's rows. Each method gives null where what was kept is not of a form it knows. */
export interface Rereader {
  version: string;
  /** A message's row; `apart` is what of it the ledger has in columns of its own. */
  keptMessage(raw: string, apart: { text: string | null; html: string | null }): Item<IncomingMessage> | null;
  /** A row that was parked as it came. */
  parkedMessage(raw: string): Item<IncomingMessage> | null;
  parkedThread(raw: string): Item<IncomingThread> | null;
}
