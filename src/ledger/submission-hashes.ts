import { createHash } from 'node:crypto';
import type { Fields } from '../domain/forms.js';
import { normalizedFields } from '../domain/map-submission.js';

const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

/** Everything that was read of a submission. Without a zone it is the hash of before zones were read, so that nothing is new by that. */
export const fieldsHash = ({ timeZone = null, ...fields }: Fields): string =>
  sha256(JSON.stringify(timeZone === null ? fields : { ...fields, timeZone }));
/** Sender and words alone, whichever way they came. */
export const wordsHash = (fields: Fields): string => sha256(normalizedFields(fields));
/** What could not be read, as it came. */
export const bytesHash = (raw: Buffer): string => sha256(raw);
/** Identity of a submission to which its vendor gives no id: the same fields are the same submission. */
export const hashItem = (hash: string): string => `sha256:${hash}`;
