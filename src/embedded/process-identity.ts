import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process that cannot be mistaken for a later one that got the same number. */
export interface ProcessIdentity {
  pid: number;
  /** Boot and start instant as the system tells them; opaque, compared for equality only. */
  startTime: string;
}

const linuxStartTime = (pid: number): string | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name before it may hold spaces and brackets
    const [state] = fields;
    const ticks = fields[19]; // field 22 of proc(5): ticks since boot
    if (state === 'Z' || state === 'X' || ticks === undefined) return null;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}:${ticks}`; // ticks alone would repeat after the next boot
  } catch {
    return null; // no such process
  }
};

const portableStartTime = (pid: number): string | null => {
  try {
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return started.trim() || null;
  } catch {
    return null; // no such process
  }
};

/** When a running process started, as an opaque text; null where there is none, or only its zombie. */
export const startTimeOf = (pid: number): string | null =>
  process.platform === 'linux' ? linuxStartTime(pid) : portableStartTime(pid);

/** The identity of a running process; null where it has ended. */
export const identityOf = (pid: number): ProcessIdentity | null => {
  const startTime = startTimeOf(pid);
  return startTime === null ? null : { pid, startTime };
};

/** True while exactly this process runs: another one that was given its number later does not count. */
export const isAlive = (identity: ProcessIdentity): boolean => startTimeOf(identity.pid) === identity.startTime;

/** Reads an identity that was written as JSON; null where the text holds none (a write that was cut off, say). */
export const parseIdentity = (text: string): ProcessIdentity | null => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('startTime' in value)) return null;
    const { pid, startTime } = value;
    return Number.isSafeInteger(pid) && typeof startTime === 'string' ? { pid: Number(pid), startTime } : null;
  } catch {
    return null;
  }
};
