import { pino } from 'pino';
import { type LogDestination, type LogFormat, openDestination } from './destination.js';
import { EVENTS, type EventField, type EventName, type Subsystem } from './events.js';
import { clean, type FieldValue, type Line, reduceFields, reduceTemporalFields } from './reduce.js';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** Fields of one line: the event, what its entry in the catalogue allows, and an error, which is reduced to type and code. */
export type LogFields<E extends EventName> = { event: E; error?: unknown } & { [F in EventField<E>]?: FieldValue };

/** A message is a constant: text that is put together at run time could carry what the allow-list keeps out. */
type Constant<M extends string> = Record<never, never> extends Record<M, 1> ? never : M;

/** Object first, as pino does; without a message the line carries the text of the event in the catalogue. */
export type LogLine = <E extends EventName, M extends string>(fields: LogFields<E>, message?: Constant<M>) => void;

export interface Logger extends Record<LogLevel, LogLine> {
  readonly subsystem: Subsystem;
  isEnabled(level: LogLevel): boolean;
  /** Fields left out so far because no entry of the catalogue allows them. */
  droppedFields(): number;
  /** A line whose message and fields come from the Temporal SDK or from workflow code. */
  relay(level: LogLevel, message: string, fields: Record<string, unknown>): void;
}

export interface LoggerOptions {
  subsystem: Subsystem;
  level?: LogLevel | 'silent';
  format?: LogFormat;
  /** Standard output unless given; standard error keeps the output of --json clean. */
  destination?: LogDestination;
}

/** The logger of a subsystem: pino behind an allow-list. Lines are written before the call returns. */
export function createLogger({
  subsystem,
  level = 'info',
  format = 'auto',
  destination = 'stdout',
}: LoggerOptions): Logger {
  const writer = pino(
    {
      level,
      base: { subsystem, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    openDestination(destination, format),
  );
  let droppedFields = 0;
  const write = (at: LogLevel, event: string, reduced: { line: Line; dropped: number }, message: string) => {
    droppedFields += reduced.dropped;
    writer[at]({ event, ...reduced.line }, '%s', message);
  };
  const line =
    (at: LogLevel): LogLine =>
    (fields, message) => {
      if (!writer.isLevelEnabled(at)) return;
      const text: string = message ?? EVENTS[fields.event]?.doc ?? '';
      write(at, clean(fields.event), reduceFields(fields.event, fields), clean(text));
    };
  return {
    subsystem,
    trace: line('trace'),
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    fatal: line('fatal'),
    isEnabled: (at) => writer.isLevelEnabled(at),
    droppedFields: () => droppedFields,
    relay(at, message, fields) {
      if (!writer.isLevelEnabled(at)) return;
      const named =
        typeof fields.event === 'string' && Object.hasOwn(EVENTS, fields.event) ? fields.event : 'sdk.reported';
      write(at, named, reduceTemporalFields(named, fields), clean(message));
    },
  };
}
