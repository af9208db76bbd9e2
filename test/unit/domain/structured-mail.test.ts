import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readStructuredMail } from '../../../src/domain/structured-mail.js';

describe('a form in a mail', () => {
  it('is read by its lines, and a message may hold colons and lines of its own', () => {
    const text = [
      'You have a new submission:',
      '',
      'Name: A customer',
      'E-Mail: customer@example.com',
      '* Phone: 020 7946 0958',
      'Favourite colour: blue',
      'which goes on',
      'Message:',
      'Where is my order?',
      '',
      'Order: WB-100000',
      'Thank you',
      '-- ',
      'Sent by the form',
    ].join('\n');
    expect(readStructuredMail(text)).toEqual({
      name: 'A customer',
      email: 'customer@example.com',
      phone: '020 7946 0958',
      message: 'Where is my order?\n\nOrder: WB-100000\nThank you',
    });
  });

  it('takes the names that the form gives its fields', () => {
    const text = 'Ihre E-Mail: customer@example.com\nNachricht: Wo ist mein Paket?';
    expect(readStructuredMail(text)).toBeNull();
    expect(readStructuredMail(text, { email: 'Ihre E-Mail', message: 'Nachricht' })).toEqual({
      email: 'customer@example.com',
      message: 'Wo ist mein Paket?',
    });
  });

  it.each([
    'Where is my order? It was due on Monday.',
    'Hello,\nmy phone: 020 7946 0958\nThanks',
    'Hi,\n\nFrom: Help <help@example.org>\nSent: Monday\nTo: A customer\nSubject: Your order\n\nYour order left.',
    'Subject: to approval\nTopic: parcels\nI would like to know:\n1. when\n2. where',
    `Dear help,\n\nI wrote five times.\nAnd again.\nAnd then.\nAnd once more.\nAnd now.\nEmail: customer@example.com\nMessage: none`,
    'Note: this\nPS: that\nWhen: now\nWhere: here',
    'Email:\nMessage:\nName:',
    '',
  ])('is not %j', (text) => {
    expect(readStructuredMail(text)).toBeNull();
  });

  it('is not found in any noise, and no noise makes it slow', () => {
    const words = fc.array(
      fc.constantFrom('hello', 'order', ':', '\n', ' ', 'to', 'http://example.com', '12:30', '-', '*'),
      {
        maxLength: 200,
      },
    );
    fc.assert(fc.property(words, (list) => readStructuredMail(list.join('')) === null));
    for (const text of [
      'a '.repeat(50_000),
      `${'x'.repeat(100_000)}:`,
      'email: \n'.repeat(20_000),
      '* '.repeat(50_000),
    ]) {
      const begun = performance.now();
      readStructuredMail(text);
      expect(performance.now() - begun).toBeLessThan(500);
    }
  });
});
