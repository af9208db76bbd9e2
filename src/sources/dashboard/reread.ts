import type { Rereader } from '../rereader.js';
import { ADAPTER_VERSION } from './client.js';
import { toMessage, toThread } from './normalize.js';
import { Notes } from './notes.js';
import { fromKept } from './raw.js';

/** Today's adapter over rows that were kept. A parked row was cut at 256 KiB: one that is no JSON any more stays parked. */
export const dashboardRereader: Rereader = {
  version: ADAPTER_VERSION,
  keptMessage(raw, apart) {
    const row = fromKept(raw, apart);
    return row === undefined ? null : toMessage(row, new Notes());
  },
  parkedMessage(raw) {
    const row = parse(raw);
    return row === undefined || hasNumberedId(row) ? null : toMessage(row, new Notes());
  },
  parkedThread(raw) {
    const row = parse(raw);
    return row === undefined || hasNumberedId(row) ? null : toThread(row, new Notes());
  },
};

/** Numbers beyond 2^53 were parked as text to keep their digits: such an id was no text when it came, and is none when it comes again. */
const hasNumberedId = (row: unknown): boolean => {
  const { id, thread_id: thread } = (row ?? {}) as Record<string, unknown>;
  return [id, thread].some((one) => typeof one === 'string' && /^\d{16,}$/.test(one));
};

function parse(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}
