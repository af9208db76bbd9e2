import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LABELS, type Label } from '../../../src/classify/labels.js';
import { classify } from '../../../src/classify/rules.js';
import { answerFor, templateChooser } from '../../../src/playbooks/templates.js';

const labels = Object.keys(LABELS) as Label[];

const choose = (label: string) =>
  templateChooser.choose({
    source: 'dashboard',
    channel: 'email',
    route: 'email',
    label,
    confidence: 1,
    from: null,
    subject: null,
    text: '',
    threadStatus: 'open',
    at: new Date(0),
  });
/** The action, with the name of the template instead of its text. */
const decide = (label: string) => {
  const { action } = choose(label);
  if (action.do === 'reply') return { action: 'reply', template: action.template };
  return action.do === 'escalate' ? { action: 'escalate', reason: action.reason } : { action: action.do };
};

describe('decide', () => {
  test('answers the two intents that have a template, and gives a person everything else with a reason', () => {
    expect(Object.fromEntries(labels.map((label) => [label, decide(label)]))).toEqual({
      delivery_status: { action: 'reply', template: 'delivery_status' },
      password_reset: { action: 'reply', template: 'password_reset' },
      refund: { action: 'escalate', reason: 'no_playbook' },
      cancel_order: { action: 'escalate', reason: 'no_playbook' },
      complaint: { action: 'escalate', reason: 'no_playbook' },
      lost_or_stolen: { action: 'escalate', reason: 'no_playbook' },
      payment_problem: { action: 'escalate', reason: 'no_playbook' },
      change_details: { action: 'escalate', reason: 'no_playbook' },
      automatic_mail: { action: 'escalate', reason: 'no_playbook' },
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

describe('answerFor', () => {
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

  test('our own answers, should they come back, ask for nothing that would be answered again', () => {
    for (const label of ['delivery_status', 'password_reset']) {
      const quoted = (answerFor(label, { subject: null }) ?? '').replaceAll(/^/gm, '> ');
      expect(decide(classify({ subject: null, text: `Thank you!\n${quoted}`, headers: {} }).label).action).toBe(
        'escalate',
      );
    }
  });
});
