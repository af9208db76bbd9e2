import { decidingText } from '../../classify/plain-text.js';
import { unquoted } from '../../domain/callback-request.js';
import type { Sql } from '../../ledger/database.js';
import { type CarriedMessage, readContent } from '../../ledger/lifecycles.js';
import { customerZone, submissionOf } from '../../ledger/same-submission.js';
import type { CallingSetup } from './setup.js';

/** What a message says about the call that it asks for. */
export interface CallRequestFacts {
  /** A number that stands where a number belongs; null where there is no such place. */
  given: string | null;
  text: string;
  /** Country of numbers without a country code. */
  region: string | null;
  /** A zone that the request itself names. */
  zone: string | null;
  /** The zone that this customer named in a form before. */
  customerZone: string | null;
}

/** Reads the request: the sender of a phone channel is the number, then the field of a form; everything else says one in its text. */
export async function readCallRequest(
  tx: Sql,
  message: Pick<CarriedMessage, 'id'>,
  { region, formRegions }: CallingSetup,
): Promise<CallRequestFacts> {
  const content = await readContent(tx, message.id);
  const submission = await submissionOf(tx, message.id);
  const given = content.from?.kind === 'phone' ? content.from.value : (submission?.fields.phone ?? null);
  const email = submission?.fields.email ?? (content.from?.kind === 'email' ? content.from.value : null);
  return {
    ...{ given, text: unquoted(decidingText(content)) },
    region: (submission && formRegions?.get(submission.source)) ?? region,
    zone: submission?.fields.timeZone ?? null,
    customerZone: await customerZone(tx, { messageId: message.id, email, phone: given }),
  };
}
