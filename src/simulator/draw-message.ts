import type { RateOf } from './oddities.js';
import { type SeededRandom, seededId } from './seeded-random.js';
import { personText, type Texts } from './texts.js';
import {
  DAY,
  HOUR,
  type MessageQuirks,
  MINUTE,
  type SimAttachment,
  type SimMessage,
  type SimThread,
} from './world-model.js';

const FILES = [
  { name: 'photo.jpg', contentType: 'image/jpeg' },
  { name: 'invoice.pdf', contentType: 'application/pdf' },
  { name: 'label.png', contentType: 'image/png' },
] as const;
const SENDERS_WITHOUT_ADDRESS = ['', 'undisclosed recipients', 'customer@', 'no address given'] as const;

/** How long a message is on its way: seconds, for 2 % hours to days (RFC 5321 lets a queue try for days). */
export function drawTransitMs(random: SeededRandom): number {
  const late = random.chance(0.02);
  const hours = Math.min(96, Math.max(1, random.logNormal(5, 1.1)));
  return late ? Math.round(hours * HOUR) : random.between(1, 20) * 1000;
}

export interface InboundDraw {
  labels: (string | number)[];
  sentAt: number;
  fetchableAt: number;
  texts: Texts;
  origin: 'past' | 'traffic';
  rateOf: RateOf;
  /** The words of the first message of a thread; follow-ups draw their own. */
  opening: string | null;
}

/** An inbound message with everything that mail brings along and what the oddities would do to it. */
export function drawInbound(random: SeededRandom, thread: SimThread, given: InboundDraw): SimMessage {
  const id = seededId('msg', ...given.labels);
  const kind = random.next();
  const machine = kind < 0.04 ? drawMachine(random, kind, thread.inbox) : null;
  const text = machine?.text ?? given.opening ?? given.texts.followUp(random);
  const subject = machine?.subject ?? (given.opening === null ? `Re: ${thread.subject ?? ''}` : thread.subject);
  const htmlRoll = random.next();
  const quirks = drawQuirks(random, given);
  if (given.opening !== null && quirks.nullSubject) thread.nullSubject = true;
  const stamp = new Date(given.sentAt).toISOString();
  return {
    id,
    threadId: thread.id,
    direction: 'inbound',
    origin: given.origin,
    from: machine?.from ?? thread.customer,
    to: [{ name: null, email: thread.inbox }],
    subject,
    text: htmlRoll < 0.08 ? null : text,
    html: htmlRoll < 0.35 ? toHtml(text) : null,
    headers: {
      'message-id': `<${seededId('mail', ...given.labels)}@mail.example.org>`,
      date: new Date(quirks.stamp ?? stamp).toUTCString(),
      ...machine?.headers,
    },
    sentAt: given.sentAt,
    fetchableAt: given.fetchableAt,
    stamp,
    clientRef: null,
    attachments: random.chance(0.06) ? drawAttachments(random, given.labels) : [],
    quirks,
  };
}

/** What a person of ours wrote in the dashboard. */
export function personMessage(
  thread: SimThread,
  given: { id: string; at: number; text: string; origin: SimMessage['origin'] },
): SimMessage {
  const stamp = new Date(given.at).toISOString();
  return {
    id: given.id,
    threadId: thread.id,
    direction: 'outbound',
    origin: given.origin,
    from: { name: 'Support', email: thread.inbox },
    to: [thread.customer],
    subject: `Re: ${thread.subject ?? ''}`,
    text: given.text,
    html: null,
    headers: { 'message-id': `<${given.id}@dashboard.example.com>`, date: new Date(given.at).toUTCString() },
    sentAt: given.at,
    fetchableAt: given.at,
    stamp,
    clientRef: null,
    attachments: [],
    quirks: {},
  };
}

export function drawPersonReply(
  random: SeededRandom,
  thread: SimThread,
  given: { labels: (string | number)[]; at: number; origin: 'past' | 'traffic' },
): SimMessage {
  return personMessage(thread, {
    id: seededId('msg', ...given.labels),
    at: given.at,
    text: personText(random),
    origin: given.origin,
  });
}

/** The same mail, delivered to another inbox as well. */
export function twinOf(
  message: SimMessage,
  thread: SimThread,
  labels: (string | number)[],
  fetchableAt: number,
): SimMessage {
  const { goneAt: _goneAt, ...quirks } = message.quirks;
  const attachments = message.attachments.map((file, index) => ({ ...file, id: seededId('att', ...labels, index) }));
  return { ...message, id: seededId('msg', ...labels), threadId: thread.id, fetchableAt, quirks, attachments };
}

/** What the oddities would do to an inbound message. */
export function drawQuirks(
  random: SeededRandom,
  { sentAt, fetchableAt, rateOf }: Pick<InboundDraw, 'sentAt' | 'fetchableAt' | 'rateOf'>,
): MessageQuirks {
  const quirks: MessageQuirks = {};
  if (random.chance(0.03)) quirks.stamp = drawWrongStamp(random, sentAt);
  if (random.chance(rateOf('empty-body'))) quirks.emptyBody = true;
  if (random.chance(rateOf('null-subject'))) quirks.nullSubject = true;
  if (random.chance(rateOf('unreadable-sender'))) quirks.sender = random.pick(SENDERS_WITHOUT_ADDRESS);
  if (random.chance(rateOf('late-body'))) quirks.bodyDelayMs = random.between(30, 240) * 1000;
  if (random.chance(rateOf('vanishing-message'))) {
    quirks.goneAt = fetchableAt + Math.round(Math.max(10 * MINUTE, random.logNormal(8 * HOUR, 1)));
  }
  return quirks;
}

function drawWrongStamp(random: SeededRandom, sentAt: number): string {
  const kind = random.next();
  if (kind < 0.12) return '1970-01-01T00:00:00Z';
  if (kind < 0.24) return '2099-12-31T23:59:59Z';
  const hours = random.between(1, 11) * (random.chance(0.5) ? 1 : -1);
  const sign = hours < 0 ? '-' : '+';
  const offset = `${sign}${String(Math.abs(hours)).padStart(2, '0')}:00`;
  const shifted = new Date(sentAt + hours * HOUR).toISOString();
  if (kind < 0.62) return shifted.replace(/\.\d+Z$/, offset); // the right instant, told in another zone
  if (kind < 0.85) return shifted; // local time that claims to be UTC
  return new Date(sentAt - random.between(1, 20) * DAY).toISOString(); // a clock that runs days behind
}

function drawMachine(random: SeededRandom, kind: number, inbox: string) {
  if (kind < 0.015) {
    return {
      from: { name: null, email: `newsletter.${random.between(1, 9)}@example.org` },
      subject: 'News of the week',
      text: 'Our offers of the week. You receive this because you are on our list.',
      headers: { 'list-id': '<news.example.org>', precedence: 'bulk' },
    };
  }
  if (kind < 0.03) {
    return {
      from: null,
      subject: 'Out of office',
      text: 'I am away and read your message when I am back.',
      headers: { 'auto-submitted': 'auto-replied' },
    };
  }
  return {
    from: { name: 'Support', email: inbox },
    subject: 'Fwd: internal copy',
    text: 'Copy of an internal message for the records.',
    headers: {},
  };
}

function drawAttachments(random: SeededRandom, labels: (string | number)[]): SimAttachment[] {
  return Array.from({ length: random.between(1, 2) }, (_, index) => ({
    id: seededId('att', ...labels, index),
    ...random.pick(FILES),
    size: random.between(400, 60_000),
  }));
}

function toHtml(text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<html><body>${escaped
    .split('\n')
    .map((line) => `<p>${line}</p>`)
    .join('')}</body></html>`;
}
