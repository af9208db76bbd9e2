import { InvalidArgumentError } from 'commander';
import { KINDS } from '../config/kinds.js';

/** An instant on the command line, written as in the configuration. */
export function instant(text: string): Date {
  const read = KINDS.instant.safeParse(text);
  if (read.success) return new Date(read.data);
  throw new InvalidArgumentError(`It ${read.error.issues[0]?.message ?? 'cannot be read'}.`);
}

/** A whole number on the command line, with both ends allowed. */
export const wholeNumber =
  (from: number, to: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= from && value <= to) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`);
  };

/** An id of ours on the command line. */
export function ownId(text: string): string {
  const value = text.trim().toLowerCase();
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)) return value;
  throw new InvalidArgumentError('It must be an id, as 0192f0c1-2345-7abc-8def-0123456789ab.');
}

/** A number on the command line, with both ends allowed. */
export const realNumber =
  (from: number, to: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && value >= from && value <= to) return value;
    throw new InvalidArgumentError(`It must be a number from ${from} to ${to}.`);
  };
