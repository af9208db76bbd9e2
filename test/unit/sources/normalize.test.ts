import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { IncomingMessage } from '../../../src/domain/message.js';
import { toMessage, toThread } from '../../../src/sources/dashboard/normalize.js';
import { Notes, toStorable } from '../../../src/sources/dashboard/notes.js';
import { dashboardOrigin } from '../../../src/sources/dashboard/origin.js';
import { cutBytes, fromKept, parseExactly, toKept, toRaw } from '../../../src/sources/dashboard/raw.js';

const row = (more: object = {}) => ({
  id: 'm1',
  thread_id: 't1',
  direction: 'inbound',
  from: { name: 'A customer', email: 'customer@example.com' },
  to: [{ email: 'help@example.org' }],
  received_at: '2026-03-01T11:00:00+01:00',
  ...more,
});

function read(more: object = {}): { value: IncomingMessage; notes: Record<string, number> } {
  const notes = new Notes();
  const item = toMessage(row(more), notes);
  if (!item.ok) throw new Error(`unreadable: ${item.problem}`);
  return { value: item.value, notes: notes.counts() };
}

const problem = (found: unknown) => {
  const item = toMessage(found, new Notes());
  if (item.ok) throw new Error('the row was read');
  return item;
};

describe('a message of the dashboard', () => {
  test('with only what the contract requires has null for the rest', () => {
    expect(read()).toEqual({
      notes: {},
      value: {
        providerMessageId: 'm1',
        providerThreadId: 't1',
        channel: 'email',
        direction: 'inbound',
        originAt: '2026-03-01T10:00:00.000Z',
        receivedAt: null,
        from: { kind: 'email', value: 'customer@example.com', name: 'A customer' },
        to: [{ kind: 'email', value: 'help@example.org', name: null }],
        subject: null,
        text: null,
        html: null,
        headers: {},
        messageIdHeader: null,
        clientRef: null,
        attachments: [],
        raw: JSON.stringify({ apart: [], row: row() }),
      },
    });
  });

  test('keeps a sender that is no address as it came, under kind unreadable', () => {
    for (const email of ['', 'nobody', 'two words@example.com', 'a@b@c', 'a\n@example.com']) {
      expect(read({ from: { name: 'N', email } }).value.from).toEqual({ kind: 'unreadable', value: email, name: 'N' });
    }
    expect(read({ from: { email: 7 } }).value.from).toEqual({ kind: 'unreadable', value: '7', name: null });
    expect(read({ from: 'plain@example.com' }).value.from).toEqual({
      kind: 'unreadable',
      value: '"plain@example.com"',
      name: null,
    });
    expect(read({ from: null }).value.from).toBeNull();
    expect(read({ from: { email: ' x@example.com ' } }).value.from?.value).toBe('x@example.com');
  });

  test('has header names in lower case and its Message-ID trimmed, with its brackets', () => {
    const { value } = read({
      headers: { 'Message-ID': ' <1@example.com>\r\n', 'X-A': 'one', 'x-a': ['two', 3], 'List-Id': null },
    });
    expect(value.headers).toEqual({ 'message-id': ' <1@example.com>\r\n', 'x-a': 'one\ntwo\n3' });
    expect(value.messageIdHeader).toBe('<1@example.com>');
    expect(read({ headers: { 'message-id': '  ' } }).value.messageIdHeader).toBeNull();
    expect(read({ headers: { 'message-id': 'x'.repeat(999) } }).value.messageIdHeader).toBeNull();
    expect(read({ headers: JSON.parse('{"__proto__":"x"}') as object }).value.messageIdHeader).toBeNull();
  });

  test('with an unreadable or absent stamp has no origin', () => {
    for (const stamp of ['soon', '10000-01-01T00:00:00Z', 5, null, undefined])
      expect(read({ received_at: stamp }).value.originAt).toBeNull();
    expect(read({ received_at: '2099-01-01T00:00:00Z' }).value.originAt).toBe('2099-01-01T00:00:00.000Z');
    expect(read({ received_at: '2026-03-01T10:00:00' }).notes).toEqual({ 'zoneless:received_at': 1 });
  });

  test('that holds what Postgres cannot store has it replaced by U+FFFD, and that is noted', () => {
    const { value, notes } = read({
      text: 'a\0b\uD800c😀',
      subject: '\uDC00',
      headers: { 'x-a': '\0' },
      client_ref: 'wb-1',
    });
    expect([value.text, value.subject, value.headers['x-a']]).toEqual(['a\uFFFDb\uFFFDc😀', '\uFFFD', '\uFFFD']);
    expect(notes).toEqual({ 'unstorable:text': 1, 'unstorable:subject': 1, 'unstorable:headers': 1 });
  });

  test('whose client_ref is longer than any key is read without it, so that no index refuses its page', () => {
    expect(read({ client_ref: 'x'.repeat(512) }).value.clientRef).toHaveLength(512);
    const { value, notes } = read({ client_ref: 'x'.repeat(4_000) });
    expect(value.clientRef).toBeNull();
    expect(notes).toEqual({ 'unstorable:client_ref': 1 });
  });

  test('keeps attachments as rows of metadata, one whose id cannot be read as well', () => {
    const attachments = [
      { id: 'a1', name: 'x.pdf', content_type: 'application/pdf', size: 12 },
      { id: 7, size: -1, extra: 1 },
    ];
    const { value, notes } = read({ attachments });
    expect(value.attachments).toEqual([
      { providerAttachmentId: 'a1', name: 'x.pdf', contentType: 'application/pdf', size: 12 },
      { providerAttachmentId: 'unreadable:1', name: null, contentType: null, size: null },
    ]);
    expect(notes).toEqual({ 'attachments.extra': 1, 'unstorable:attachments.id': 1 });
  });

  test('counts fields that the contract does not know, by name, to a bounded number of names', () => {
    expect(read({ labels: [], from: { email: 'a@example.com', avatar: 'x' } }).notes).toEqual({
      labels: 1,
      'from.avatar': 1,
    });
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`f${index}`, index]));
    expect(Object.keys(read(many).notes)).toHaveLength(51);
    expect(read(many).notes['further names']).toBe(150);
  });

  test.each([
    ['a number as id', { id: 42 }, null],
    ['an empty id', { id: '' }, null],
    ['an id too long for an index', { id: 'x'.repeat(513) }, null],
    ['an id that would climb the path', { id: '..' }, null],
    ['an id with a control character', { id: 'a\0' }, null],
    ['a number as thread id', { thread_id: 5 }, 'm1'],
    ['another direction', { direction: 'internal' }, 'm1'],
    ['a text of another type', { text: { plain: 'x' } }, 'm1'],
    ['headers of another type', { headers: 'x' }, 'm1'],
  ])('with %s is kept as it came', (_, more, providerId) => {
    expect(problem(row(more))).toMatchObject({ ok: false, providerId, raw: JSON.stringify(row(more)) });
  });

  test('names the fields of a problem and quotes nothing of the row', () => {
    expect(problem(row({ id: 'canary-id', direction: 'canary', text: 5 })).problem).not.toContain('canary');
    expect(problem(row({ direction: 'canary', text: 5 })).problem).toMatch(/^direction: .*; text: /);
  });

  test('no row of any shape makes the reader throw, and what it gives can be stored', () => {
    const shapes = fc.oneof(
      fc.jsonValue(),
      fc.record(
        Object.fromEntries(
          [
            'id',
            'thread_id',
            'direction',
            'from',
            'to',
            'subject',
            'text',
            'html',
            'headers',
            'received_at',
            'attachments',
          ].map((key) => [
            key,
            fc.oneof(
              fc.constant((row() as Record<string, unknown>)[key] ?? 'x'),
              fc.jsonValue(),
              fc.string({ unit: 'binary' }),
            ),
          ]),
        ),
        { requiredKeys: [] },
      ),
    );
    fc.assert(
      fc.property(shapes, (shape) => {
        const item = toMessage(shape, new Notes());
        const stored = item.ok
          ? [item.value.text, item.value.html, item.value.subject, item.value.from?.value]
          : [item.raw];
        for (const text of stored) if (text != null) expect(toStorable(text)).toBe(text);
      }),
    );
  });
});

describe('a thread of the dashboard', () => {
  const thread = { id: 't1', subject: null, inbox: 'help', created_at: '2026-03-01T10:00:00Z', status: 'open' };

  test('without inbox or status is read all the same, since a thread that is not visited loses its messages', () => {
    expect(toThread({ id: 't1', created_at: '2026-03-01T10:00:00Z' }, new Notes())).toEqual({
      ok: true,
      value: {
        providerThreadId: 't1',
        subject: null,
        inbox: '',
        createdAt: '2026-03-01T10:00:00.000Z',
        status: 'unknown',
      },
    });
  });

  test('without a creation that can be read is kept as it came, with its id', () => {
    expect(toThread({ ...thread, created_at: 'soon' }, new Notes())).toMatchObject({
      ok: false,
      providerId: 't1',
      problem: 'created_at: is no instant',
    });
    expect(toThread({ ...thread, created_at: 5 }, new Notes())).toMatchObject({ ok: false, providerId: 't1' });
  });
});

describe('what is kept of an answer', () => {
  test('is cut at 256 KiB and never through a character', () => {
    expect(Buffer.byteLength(toRaw({ text: 'é'.repeat(400_000) }))).toBeLessThanOrEqual(256 * 1024);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, bytes) => {
        const cut = cutBytes(text, bytes);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytes);
        expect(text.startsWith(cut)).toBe(true);
      }),
    );
  });

  test('a row nested too deeply to be written has a text that says so', () => {
    const deep = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`) as unknown;
    expect(toRaw(deep)).toMatch(/nested too deeply|^\[+/);
  });

  test('long numbers keep their digits, and those inside of text stay as they are', () => {
    expect(parseExactly('{"id":12345678901234567890,"n":1.5,"t":"\\"12345678901234567890"}')).toEqual({
      value: { id: '12345678901234567890', n: 1.5, t: '"12345678901234567890' },
    });
    expect(parseExactly('{"broken')).toBeNull();
    const large = JSON.stringify({ id: 1, text: 'a\\'.repeat(4_000_000) });
    expect(parseExactly(large)?.value ?? null).toSatisfy(
      (value: unknown) => value === null || (value as { id: number }).id === 1,
    );
  });
});

describe('dashboardOrigin', () => {
  test('is scheme, host and port of the URL', () => {
    expect(dashboardOrigin('https://Dash.Example.com:443/mail/?a=1#b')).toBe('https://dash.example.com');
    expect(dashboardOrigin('http://127.0.0.1:4010/v1')).toBe('http://127.0.0.1:4010');
  });

  test.each(['', 'dash.example.com', 'ftp://dash.example.com', 'https://u:canary@dash.example.com'])(
    'refuses %j without quoting it',
    (url) => {
      expect(() => dashboardOrigin(url)).toThrow(
        expect.objectContaining({ type: 'ConfigurationInvalid', message: expect.not.stringContaining('canary') }),
      );
    },
  );
});

describe('what is kept of a row that could be read', () => {
  test('is the whole row, with text and html left to the columns that hold them word for word', () => {
    const found = row({ text: 'Where is it?', html: '<p>Where is it?</p>', later_field: { deep: [1, null] } });
    const { raw = null, text, html } = read({ ...found }).value;
    expect(raw).not.toContain('Where is it?');
    expect(fromKept(raw ?? '', { text, html })).toEqual(found);
  });

  test('gives every row back as it came, whatever its fields hold', () => {
    const field = fc.oneof(fc.string({ unit: 'binary' }), fc.constant(null), fc.constant(undefined));
    fc.assert(
      fc.property(fc.record({ text: field, html: field, other: fc.jsonValue() }), (more) => {
        const found = JSON.parse(JSON.stringify(row(more))) as object;
        const item = toMessage(found, new Notes());
        if (!item.ok) return;
        const { raw = null, text, html } = item.value;
        expect(fromKept(raw ?? '', { text, html })).toEqual(found);
      }),
    );
  });

  test('keeps a text that had to be altered for Postgres as it came', () => {
    expect(toKept({ text: 'a\0b' }, { text: 'a\uFFFDb', html: null })).toBe('{"apart":[],"row":{"text":"a\\u0000b"}}');
    expect(fromKept('no json', { text: null, html: null })).toBeUndefined();
  });
});
