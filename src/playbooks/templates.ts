import type { Label } from '../classify/labels.js';
import { UNKNOWN_LABEL } from '../domain/understanding.js';
import type { Chooser } from './chooser.js';

/**
 * The answers that are sent without a person. They say where to look and what to do, and promise nothing: nobody has looked
 * at the order or the account when they are written. No link: a customer should learn none from a mail.
 */
const TEMPLATES = {
  delivery_status: [
    'You asked where your delivery is or when it will arrive.',
    'The confirmation that we sent when it left us names the carrier and the tracking number; the page of the carrier shows where it is and the expected day. You find the same under "Orders" once you are signed in.',
    'If you have no confirmation, or the expected day has passed, please reply to this message with your order number and a person will look into it.',
  ],
  password_reset: [
    'You asked about a password or passcode that is forgotten or not accepted.',
    'Please choose "Forgotten?" below the sign-in form or on the start screen of the app and follow the steps shown there to set a new one. We never ask for your password, so please do not send it to us.',
    'If that does not help, or you did not expect this message, please reply to it and a person will look into it.',
  ],
} as const satisfies Partial<Record<Label, readonly string[]>>;

type TemplateName = keyof typeof TEMPLATES;

const isTemplate = (label: string): label is TemplateName => Object.hasOwn(TEMPLATES, label);

/** The text that answers a message of this label; null where nothing answers it. */
export function answerFor(label: string, { subject }: { subject: string | null }): string | null {
  if (!isTemplate(label)) return null;
  const about = quotable(subject);
  const opening = about === null ? 'Thank you for your message.' : `Thank you for your message about "${about}".`;
  return ['Hello,', opening, ...TEMPLATES[label], 'Kind regards\nCustomer service'].join('\n\n');
}

/** The subject on one line, without what marks a reply and without anything that a mail client would make a link of. */
function quotable(subject: string | null): string | null {
  const line = (subject ?? '')
    .slice(0, 500)
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(/^(?: ?(?:re|fwd?|aw|wg)\s?:)+/i, '')
    .trim();
  const safe = line !== '' && line.length <= 100 && !/[<>"@]|:\/\/|\bwww\.|\w\.\w/i.test(line);
  return safe ? line : null;
}

/** The choice by label alone: a reply where a template answers it, else a person. */
export const templateChooser: Chooser = {
  choose({ label, subject }) {
    const text = answerFor(label, { subject });
    const always = { asksApproval: false, tags: [], reasons: [`label ${label}`] };
    if (text !== null)
      return {
        ...always,
        playbook: { name: label, version: 'built-in' },
        action: { do: 'reply', template: label, text },
      };
    const reason = label === UNKNOWN_LABEL ? 'unknown_intent' : 'no_playbook';
    return { ...always, playbook: null, action: { do: 'escalate', reason } };
  },
};
