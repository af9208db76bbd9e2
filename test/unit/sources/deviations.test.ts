import { expect, it } from 'vitest';
import { bodyKind } from '../../../src/assurance/probes/look-at-calls.js';
import { redact } from '../../../src/assurance/probes/redact.js';
import { toMessage, toThread } from '../../../src/sources/dashboard/normalize.js';
import { Notes } from '../../../src/sources/dashboard/notes.js';

const thread = {
  id: 't1',
  subject: null,
  inbox: 'help@example.com',
  created_at: '2026-03-02T12:00:00Z',
  status: 'open',
};
const message = {
  id: 'm1',
  thread_id: 't1',
  direction: 'inbound',
  from: { name: null, email: 'customer@example.com' },
  to: [{ email: 'help@example.com' }],
  received_at: '2026-03-02T12:00:00Z',
  attachments: [{ id: 'a1', name: null, content_type: 'text/plain', size: 3 }],
};

const notesOf = (read: (notes: Notes) => unknown): Record<string, number> => {
  const notes = new Notes();
  read(notes);
  return notes.counts();
};

it('rows of the contract leave no note', () => {
  expect(notesOf((notes) => toThread(thread, notes))).toEqual({});
  expect(notesOf((notes) => toMessage(message, notes))).toEqual({});
});

it('new, vanished, null and retyped fields are noted by name and type, never by value', () => {
  const { inbox: _inbox, ...without } = thread;
  const odd = { ...without, status: null, priority: 'secret' };
  expect(notesOf((notes) => toThread(odd, notes))).toEqual({ priority: 1, 'absent:inbox': 1, 'null:status': 1 });
  const retyped = { ...message, to: 'help@example.com', attachments: [{ id: 'a1', size: '3 kB' }] };
  expect(notesOf((notes) => toMessage(retyped, notes))).toEqual({
    'retyped:to:string': 1,
    'retyped:attachments.size:string': 1,
  });
});

it('a redacted sample keeps names and types and nothing that somebody wrote', () => {
  const sample = redact(JSON.stringify({ id: 7, text: 'my secret', to: [{ email: 'a@example.com' }], gone: null }));
  expect(JSON.parse(sample)).toEqual({
    id: 'number',
    text: 'text of 9',
    to: [{ email: 'text of 13' }, '1 in all'],
    gone: null,
  });
  expect(redact('<html>secret</html>')).not.toContain('secret');
});

it('an unreadable body is told apart: no JSON, JSON that was cut, JSON of another form', () => {
  expect(bodyKind('<!doctype html><h1>Bad Gateway</h1>')).toBe('no JSON');
  expect(bodyKind('')).toBe('no JSON');
  expect(bodyKind('{"threads":[{"id":"t1"')).toBe('cut JSON');
  expect(bodyKind('{"items":[]}')).toBe('other JSON');
  expect(bodyKind(`{"threads":["${'x'.repeat(64 * 1024)}`)).toBe('unclear');
});
