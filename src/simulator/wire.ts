import type { Visibility } from './visibility.js';
import type { SimAddress, SimMessage, SimThread } from './world-model.js';

/** The contract's shapes, as the server would give them at an instant. */
export interface WireThread {
  id: string;
  subject: string | null;
  inbox: string;
  created_at: string;
  status: string;
}

export interface WireMessage {
  id: string;
  thread_id: string;
  direction: string;
  from: SimAddress;
  to: SimAddress[];
  subject: string | null;
  text: string | null;
  html: string | null;
  headers: Record<string, string>;
  received_at: string;
  client_ref: string | null;
  attachments: { id: string; name: string; content_type: string; size: number }[];
}

export function wireThread(thread: SimThread, visibility: Visibility, at: number): WireThread {
  const subject = thread.nullSubject && visibility.isOddityOn('null-subject', at) ? null : thread.subject;
  const createdAt = new Date(thread.createdAt).toISOString();
  return { id: thread.id, subject, inbox: thread.inbox, created_at: createdAt, status: thread.status };
}

export function wireMessage(message: SimMessage, host: SimThread, visibility: Visibility, at: number): WireMessage {
  const { quirks } = message;
  const body = visibility.hasBody(message, at);
  const sender = visibility.isOddityOn('unreadable-sender', at) ? quirks.sender : undefined;
  return {
    id: message.id,
    thread_id: host.id,
    direction: message.direction,
    from: sender === undefined ? message.from : { name: message.from.name, email: sender },
    to: message.to,
    subject: quirks.nullSubject && visibility.isOddityOn('null-subject', at) ? null : message.subject,
    text: body ? message.text : null,
    html: body ? message.html : null,
    headers: message.headers,
    received_at: visibility.receivedAt(message, at),
    client_ref: message.clientRef,
    attachments: message.attachments.map(({ id, name, contentType, size }) => ({
      id,
      name,
      content_type: contentType,
      size,
    })),
  };
}
