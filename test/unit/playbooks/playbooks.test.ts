import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LABELS, type Label } from '../../../src/classify/labels.js';
import { classify } from '../../../src/classify/rules.js';
import type { Facts } from '../../../src/playbooks/chooser.js';
import { facts, starterChooser } from '../../support/playbooks.js';

const labels = Object.keys(LABELS) as Label[];

const chooser = starterChooser();
const choose = (label: string, given: Partial<Facts> = {}) => chooser.choose(facts({ label, ...given }));
const answerFor = (label: string, { subject }: { subject: string | null }): string | null => {
  const { action } = choose(label, { subject });
  return action.do === 'reply' ? action.text : null;
};
/** The action, with the name of the template instead of its text. */
const decide = (label: string) => {
  const { action } = choose(label);
  if (action.do === 'reply') return { action: 'reply', template: action.template };
  return action.do === 'escalate' ? { action: 'escalate', reason: action.reason } : { action: action.do };
};

describe('the starter set', () => {
  test('answers two intents, and gives a person everything else with a reason', () => {
    expect(Object.fromEntries(labels.map((label) => [label, decide(label)]))).toEqual({
      delivery_status: { action: 'reply', template: 'delivery_status' },
      password_reset: { action: 'reply', template: 'password_reset' },
      refund: { action: 'escalate', reason: 'escalated_by_playbook' },
      cancel_order: { action: 'escalate', reason: 'no_playbook' },
      complaint: { action: 'escalate', reason: 'escalated_by_playbook' },
      lost_or_stolen: { action: 'escalate', reason: 'escalated_by_playbook' },
      payment_problem: { action: 'escalate', reason: 'no_playbook' },
      change_details: { action: 'escalate', reason: 'no_playbook' },
      unknown: { action: 'escalate', reason: 'unknown_intent' },
    });
  });

  test('a label that nobody knows goes to a person', () => {
    for (const label of ['', 'toString', '__proto__', 'new_label']) {
      expect(decide(label)).toEqual({ action: 'escalate', reason: 'no_playbook' });
    }
  });

  test('whatever it replies to has a text', () => {
    for (const label of labels) {
      const decision = decide(label);
      expect(answerFor(label, { subject: null }) !== null).toBe(decision.action === 'reply');
    }
  });
});

describe('its answers', () => {
  test('thanks for the message by its subject and says where to look', () => {
    const text = answerFor('delivery_status', { subject: 'Re: AW:  My parcel' });
    expect(text).toMatch(/^Hello,\n\nThank you for your message about "My parcel"\.\n\n/);
    expect(text).toContain('tracking number');
    expect(text).toMatch(/Kind regards\nCustomer service$/);
    expect(answerFor('password_reset', { subject: null })).toContain('Thank you for your message.\n');
  });

  test('quotes no subject that holds a link, an address, markup or a line of its own', () => {
    for (const subject of [
      'see https://example.com',
      'www.example.com',
      'win at example.com',
      'a@example.com',
      '<b>x</b>',
      'say "yes"',
      'x'.repeat(101),
      'Re:',
      ' ',
      'пример.рф',
      'example。com',
      'javascript:alert(1)',
      'mailto:a',
      '[here](there)',
      'call +1 202-555-0100 now',
      '&lt;b&gt;',
      '{{ customer.address }}',
      '{% raw %}',
    ]) {
      expect(answerFor('delivery_status', { subject })).toContain('Thank you for your message.\n');
    }
    expect(answerFor('delivery_status', { subject: 'one\r\nBcc: two\u202Ethree' })).toContain(
      'about "one Bcc: two three".',
    );
  });

  test('no subject breaks out of its line, and no answer promises or asks for a secret', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (subject) => {
        const lines = (answerFor('password_reset', { subject }) ?? '').split('\n');
        expect(lines).toHaveLength((answerFor('password_reset', { subject: null }) ?? '').split('\n').length);
      }),
    );
    for (const label of labels)
      expect(answerFor(label, { subject: null }) ?? '').not.toMatch(
        /we will|we have (sent|refunded|reset)|tomorrow|within|send us your password/i,
      );
  });

  test('the two answers are word for word those of before, so that a customer sees no difference', () => {
    expect(answerFor('password_reset', { subject: 'Re: PIN' })).toBe(
      [
        'Hello,',
        'Thank you for your message about "PIN".',
        'You asked about a password or passcode that is forgotten or not accepted.',
        'Please choose "Forgotten?" below the sign-in form or on the start screen of the app and follow the steps shown there to set a new one. We never ask for your password, so please do not send it to us.',
        'If that does not help, or you did not expect this message, please reply to it and a person will look into it.',
        'Kind regards\nCustomer service',
      ].join('\n\n'),
    );
    expect(answerFor('delivery_status', { subject: null })).toBe(
      [
        'Hello,',
        'Thank you for your message.',
        'You asked where your delivery is or when it will arrive.',
        'The confirmation that we sent when it left us names the carrier and the tracking number; the page of the carrier shows where it is and the expected day. You find the same under "Orders" once you are signed in.',
        'If you have no confirmation, or the expected day has passed, please reply to this message with your order number and a person will look into it.',
        'Kind regards\nCustomer service',
      ].join('\n\n'),
    );
  });

  test('nothing that a customer wrote appears in one as markup, link or address, whatever the name and the text', () => {
    const hostile = [
      '<script>x</script>',
      'https://example.com/a',
      'a@example.com',
      '[x](http://example.com)',
      '+1 202-555-0100',
    ];
    const piece = fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: 'binary' }));
    const words = fc.array(piece, { maxLength: 4 }).map((parts) => parts.join(' '));
    fc.assert(
      fc.property(words, words, words, (subject, name, text) => {
        for (const label of ['delivery_status', 'password_reset']) {
          const from = { kind: 'email', value: 'a@example.com', name } as const;
          const { action } = choose(label, { subject, text, from });
          expect(action.do).toBe('reply');
          expect(action.do === 'reply' ? action.text : '').not.toMatch(/[<>@[\]{}]|:\/\/|www\.|\w\.\w|202-555/);
        }
      }),
    );
  });

  test('our own answers, should they come back, ask for nothing that would be answered again', () => {
    for (const label of ['delivery_status', 'password_reset']) {
      const quoted = (answerFor(label, { subject: null }) ?? '').replaceAll(/^/gm, '> ');
      expect(decide(classify({ subject: null, text: `Thank you!\n${quoted}` }).label).action).toBe('escalate');
    }
  });
});
