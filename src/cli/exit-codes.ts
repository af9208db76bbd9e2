import type { FailureType } from '../domain/failures.js';

/** Exit codes of every command; docs/reference/cli.md lists them. */
export const EXIT = {
  ok: 0,
  /** The books do not balance, or what was asked for was not found. */
  finding: 1,
  usage: 2,
  prerequisite: 3,
  unexpected: 4,
  interrupted: 130,
} as const;

const USAGE: ReadonlySet<FailureType> = new Set([
  'UsageWrong',
  'ConfigurationInvalid',
  'SourceOriginConflict',
  'SourceAuthRejected',
]);
const PREREQUISITE: ReadonlySet<FailureType> = new Set([
  'PrerequisiteMissing',
  'LedgerUnavailable',
  'LedgerConflict',
  'SourceUnreachable',
  'SourceTimeout',
  'SourceStopped',
]);

export function exitCodeOf(type: FailureType): number {
  if (USAGE.has(type)) return EXIT.usage;
  if (PREREQUISITE.has(type)) return EXIT.prerequisite;
  return EXIT.unexpected;
}
