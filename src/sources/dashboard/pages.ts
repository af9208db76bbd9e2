import type { IncomingMessage, IncomingThread, Item } from '../../domain/message.js';
import type { Page } from '../source.js';
import { toMessage, toThread } from './normalize.js';
import { Notes } from './notes.js';
import { parseExactly, toRaw } from './raw.js';
import { KNOWN, MessagePage, ThreadPage } from './schema.js';
import { unreadableAnswer } from './statuses.js';
import type { Answer } from './transport.js';

type Read<T> = (row: unknown, notes: Notes) => Item<T>;

export const readThreadPage = (answer: Answer): Page<IncomingThread> => {
  const body = parseJson(answer);
  const page = ThreadPage.safeParse(body);
  if (!page.success) throw unreadableAnswer(answer, 'something that is no page of threads', page.error);
  const notes = pageNotes(body, KNOWN.threadPage);
  return toPage(answer, page.data.threads, page.data.next_cursor, toThread, 'threads', notes);
};

export const readMessagePage = (answer: Answer): Page<IncomingMessage> => {
  const body = parseJson(answer);
  const page = MessagePage.safeParse(body);
  if (!page.success) throw unreadableAnswer(answer, 'something that is no page of messages', page.error);
  const notes = pageNotes(body, KNOWN.messagePage);
  return toPage(answer, page.data.messages, page.data.next_cursor, toMessage, 'messages', notes);
};

/** The one thread or message that an answer consists of. */
export function readItem<T>(answer: Answer, read: Read<T>): Item<T> {
  const body = parseJson(answer);
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw unreadableAnswer(answer, 'something that is no object');
  const notes = new Notes();
  const item = read(body, notes);
  if (item.ok) return Object.keys(notes.counts()).length === 0 ? item : { ...item, unknownFields: notes.counts() };
  return { ...item, raw: exactly(answer.text)((exact) => exact) ?? item.raw };
}

function parseJson(answer: Answer): unknown {
  const encoding = String(answer.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding !== 'identity')
    throw unreadableAnswer(answer, `the encoding ${encoding.slice(0, 20)}, which was not asked for`);
  const type = String(answer.headers['content-type'] ?? '');
  if (type !== '' && !/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type))
    throw unreadableAnswer(answer, `the content type ${type.slice(0, 60)}`);
  try {
    return JSON.parse(answer.text);
  } catch (error) {
    throw unreadableAnswer(answer, answer.text === '' ? 'an empty body' : 'JSON that is broken or cut', error);
  }
}

/** Rows are read one by one: a bad one is kept as it came and costs the others nothing. */
function toPage<T>(
  answer: Answer,
  rows: unknown[],
  nextCursor: string | null,
  read: Read<T>,
  key: string,
  notes: Notes,
): Page<T> {
  const exactRow = exactly(answer.text);
  const items = rows.map((row, index) => {
    const item = read(row, notes);
    return item.ok
      ? item
      : { ...item, raw: exactRow((exact) => (exact as Record<string, unknown[]>)[key]?.[index]) ?? item.raw };
  });
  return { status: answer.status, items, nextCursor, unknownFields: notes.counts(), answer: answer.text };
}

function pageNotes(body: unknown, known: ReadonlySet<string>): Notes {
  const notes = new Notes();
  notes.addUnknown('page.', body as object, known);
  return notes;
}

/**
 * Gives a part of the answer with its long numbers as they came; null where there are none, and what JSON.parse read is exact.
 * The answer is read that way once, when the first unreadable row asks for it.
 */
function exactly(json: string): (pick: (exact: unknown) => unknown) => string | null {
  let exact: { value: unknown } | null | undefined;
  return (pick) => {
    if (exact === undefined) exact = /\d{16}/.test(json) ? parseExactly(json) : null;
    return exact === null ? null : toRaw(pick(exact.value));
  };
}
