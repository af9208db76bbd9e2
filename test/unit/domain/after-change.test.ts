import { expect, it } from 'vitest';
import { type AfterChange, afterChange, type ChangedMessage } from '../../../src/domain/after-change.js';

const open: ChangedMessage = {
  direction: 'inbound',
  state: 'waiting',
  disposition: null,
  reason: null,
  hadBody: true,
  hasBody: true,
  replyLeft: false,
  mayBeAnswered: true,
};
const ended = (disposition: ChangedMessage['disposition'], reason: ChangedMessage['reason']) =>
  ({ state: 'ended', disposition, reason }) as const;

it.each<[string, Partial<ChangedMessage>, AfterChange]>([
  ['one in flight is decided on its newest words', { state: 'carried' }, 'decided_anew'],
  ['one that waits is decided on its newest words', {}, 'decided_anew'],
  ['one whose reply may have left goes to a person', { replyLeft: true }, 'to_person'],
  ['an answered one goes to a person', ended('answered', 'accepted'), 'to_person'],
  ['one that was answered along goes to a person', ended('answered_with', 'burst'), 'to_person'],
  ['a parked one is carried again', { state: 'parked', reason: 'decision_failed' }, 'carried_again'],
  ['one ignored for its words is carried again', ended('ignored', 'bulk_mail'), 'carried_again'],
  ['a twin that reads differently now is carried again', ended('duplicate_of', 'twin'), 'carried_again'],
  ['one ignored for law 9 stays ended', ended('ignored', 'observed_only'), 'recorded'],
  ['a canary stays ended', ended('ignored', 'canary'), 'recorded'],
  ['a twin too old to be answered stays ended', { ...ended('duplicate_of', 'twin'), mayBeAnswered: false }, 'recorded'],
  ['one that a person has stays with the person', ended('escalated', 'unknown_intent'), 'recorded'],
  ['one that a person answered stays ended', ended('superseded_by', 'person_replied'), 'recorded'],
  [
    'an empty one whose body comes is carried again',
    { ...ended('escalated', 'empty_body'), hadBody: false },
    'carried_again',
  ],
  [
    'an empty one that stays empty does not come back',
    { ...ended('escalated', 'empty_body'), hadBody: false, hasBody: false },
    'recorded',
  ],
  ['an outbound one is only recorded', { direction: 'outbound', ...ended('outbound', 'person_reply') }, 'recorded'],
])('%s', (_, more, expected) => {
  expect(afterChange({ ...open, ...more })).toBe(expected);
});
