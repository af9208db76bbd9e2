import { isatty } from 'node:tty';
import { type DestinationStream, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';

export type LogFormat = 'auto' | 'pretty' | 'ndjson';
/** A stream takes whole lines, as tests and the status panel do. */
export type LogDestination = 'stdout' | 'stderr' | DestinationStream;

const FILES = { stdout: 1, stderr: 2 } as const;
const opened = new Map<string, DestinationStream>();

/**
 * Where lines go. They are written before the call returns, in either form: a worker thread would lose the last ones, which
 * are the ones that matter, when the process is killed.
 */
export function openDestination(destination: LogDestination, format: LogFormat): DestinationStream {
  if (typeof destination !== 'string') return format === 'pretty' ? prettyStream(destination, false) : destination;
  const file = FILES[destination];
  const pretty = format === 'pretty' || (format === 'auto' && isatty(file));
  const key = `${destination} ${pretty}`;
  const stream = opened.get(key) ?? openFile(file, pretty);
  opened.set(key, stream);
  return stream;
}

function openFile(file: number, pretty: boolean): DestinationStream {
  const raw = pino.destination({ dest: file, sync: true });
  return pretty ? prettyStream(raw, isatty(file)) : raw;
}

function prettyStream(raw: DestinationStream, colour: boolean): DestinationStream {
  const format = prettyFactory({
    colorize: colour,
    ignore: 'pid',
    translateTime: 'SYS:HH:MM:ss.l',
    messageFormat: '{subsystem} {event}: {msg}',
    singleLine: true,
    hideObject: false,
  });
  return {
    write(line: string) {
      const text: unknown = format(line);
      if (typeof text === 'string') raw.write(text);
    },
  };
}
