import { closeSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { JournalEvent } from './journal-events.js';
import { SimulatorRefusal } from './refusal.js';

/** What was done to the world from outside, one JSON line each, written before the request that did it is answered. */
export interface Journal {
  readonly past: readonly JournalEvent[];
  append(event: JournalEvent): void;
  close(): void;
}

export function memoryJournal(): Journal {
  return { past: [], append: () => undefined, close: () => undefined };
}

const FILE = 'simulator.ndjson';

/** A last line that a kill cut short was never answered, so it is cut off. @throws SimulatorRefusal in one sentence */
export function openJournal(dir: string): Journal {
  const path = join(dir, FILE);
  try {
    mkdirSync(dir, { recursive: true });
    const file = openSync(path, 'a+', 0o600);
    const bytes = readFileSync(path);
    const whole = bytes.lastIndexOf(0x0a) + 1;
    if (whole < bytes.length) ftruncateSync(file, whole);
    const past = bytes
      .subarray(0, whole)
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line, index) => readEvent(line, index + 1, path));
    return {
      past,
      append: (event) => {
        writeSync(file, `${JSON.stringify(event)}\n`);
      },
      close: () => {
        fsyncSync(file);
        closeSync(file);
      },
    };
  } catch (cause) {
    if (cause instanceof SimulatorRefusal) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new SimulatorRefusal(`The state folder ${dir} cannot be used (${code}).`);
  }
}

function readEvent(line: string, number: number, path: string): JournalEvent {
  try {
    const event: unknown = JSON.parse(line);
    if (typeof event === 'object' && event !== null && 'type' in event) return event as JournalEvent;
  } catch {
    // falls through to the refusal: a damaged line in the middle means a damaged file
  }
  throw new SimulatorRefusal(`Line ${number} of ${path} is damaged; move the file away to begin a new world.`);
}
