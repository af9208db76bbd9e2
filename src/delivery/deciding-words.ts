import { decidingText } from '../classify/plain-text.js';
import type { Fields } from '../domain/forms.js';
import type { ClassifyInput } from '../domain/understanding.js';
import type { Sql } from '../ledger/database.js';
import { type CarriedMessage, type MessageContent, readContent, readMessage } from '../ledger/lifecycles.js';
import { submissionOf } from '../ledger/same-submission.js';

/**
 * What a message asks with: its own words without quotes and signature. Of a form that came by mail it is what stands in its fields:
 * the words around them are those of the mailer.
 */
export function wordsOf(
  content: Pick<MessageContent, 'subject' | 'text' | 'html'>,
  mailed: Pick<Fields, 'subject' | 'message'> | null,
): ClassifyInput {
  const text = mailed?.message ?? decidingText(content);
  return { subject: mailed ? mailed.subject : content.subject, text };
}

/** The same of a message that was taken up, whose fields are stored. */
export async function decidingWords(
  db: Sql,
  { id, channel, route }: Pick<CarriedMessage, 'id' | 'channel' | 'route'>,
  content: Pick<MessageContent, 'subject' | 'text' | 'html'>,
): Promise<ClassifyInput> {
  const isMailed = channel === 'email' && (route === 'form' || route === 'callback');
  return wordsOf(content, isMailed ? ((await submissionOf(db, id))?.fields ?? null) : null);
}

export interface StoredWords extends ClassifyInput {
  /** Version of the message whose words they are. */
  version: number;
}

/** The same of the newest version that is stored: what a language model is asked with, and what a classifier explains or learns. */
export async function storedWords(db: Sql, messageId: string): Promise<StoredWords> {
  const content = await readContent(db, messageId);
  return { ...(await decidingWords(db, await readMessage(db, messageId), content)), version: content.version };
}
