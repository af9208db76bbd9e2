import { decidingText } from '../classify/plain-text.js';
import type { ClassifyInput } from '../domain/understanding.js';
import type { Sql } from '../ledger/database.js';
import { type CarriedMessage, type MessageContent, readContent, readMessage } from '../ledger/lifecycles.js';
import { submissionOf } from '../ledger/same-submission.js';

/**
 * What a message asks with: its own words without quotes and signature. Of a form that came by mail it is what stands in its fields:
 * the words around them are those of the mailer.
 */
export async function decidingWords(
  db: Sql,
  { id, channel, route }: Pick<CarriedMessage, 'id' | 'channel' | 'route'>,
  content: Pick<MessageContent, 'subject' | 'text' | 'html'>,
): Promise<ClassifyInput> {
  const own = { subject: content.subject, text: decidingText(content) };
  const submission =
    channel === 'email' && (route === 'form' || route === 'callback') ? await submissionOf(db, id) : null;
  if (submission === null) return own;
  const { fields } = submission;
  return { subject: fields.subject, text: fields.message ?? own.text };
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
