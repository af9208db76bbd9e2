import type { LogMetadata, LogLevel as SdkLevel, Logger as SdkLogger } from '@temporalio/common';
import type { Logger, LogLevel } from './logger.js';

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const satisfies Record<
  SdkLevel,
  LogLevel
>;

/**
 * The logger for Temporal's Runtime and workers: lines of the SDK and of `log` in workflows and activities go through the same
 * allow-list. The SDK attaches whole failures to its lines, and with them what a provider or a customer wrote.
 */
export function temporalLogger(logger: Logger): SdkLogger {
  const log = (level: SdkLevel, message: string, meta?: LogMetadata) =>
    logger.relay(LEVELS[level], message, { ...meta });
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  };
}
