import { describe, expect, it } from 'vitest';
import { referencesOf } from '../../../../src/domain/audit/references.js';

describe('referencesOf', () => {
  it('names a message and what it refers to, each id once, by the strongest word for it', () => {
    const headers = {
      'message-id': ' <own@mail.example.org> ',
      'in-reply-to': '<a@Dashboard.example.com> (a comment)',
      references: '<root@example.com>\n <a@Dashboard.example.com>',
    };
    expect(referencesOf(headers, null)).toEqual([
      { kind: 'self', messageId: '<own@mail.example.org>', domain: 'mail.example.org' },
      { kind: 'in_reply_to', messageId: '<a@Dashboard.example.com>', domain: 'dashboard.example.com' },
      { kind: 'references', messageId: '<root@example.com>', domain: 'example.com' },
    ]);
  });

  it('finds a Message-ID line that is quoted in the text, and no address beside it', () => {
    const text = 'See below.\n> From: <someone@example.com>\n> Message-ID: <quoted@example.com>\n> Hello';
    expect(referencesOf({}, text)).toEqual([
      { kind: 'quoted', messageId: '<quoted@example.com>', domain: 'example.com' },
    ]);
  });

  it('takes nothing from headers that name nothing', () => {
    expect(referencesOf({ 'in-reply-to': 'your mail of yesterday', references: '' }, 'message-id: none')).toEqual([]);
  });

  it('keeps the newest of a long chain', () => {
    const chain = Array.from({ length: 60 }, (_, index) => `<${index}@example.com>`).join(' ');
    const found = referencesOf({ references: chain }, null);
    expect(found).toHaveLength(20);
    expect(found.at(-1)?.messageId).toBe('<59@example.com>');
  });
});
