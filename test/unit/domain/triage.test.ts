import { describe, expect, it } from 'vitest';
import { type TriageInput, triage } from '../../../src/domain/triage.js';

const mail = (more: Partial<TriageInput> = {}): TriageInput => ({
  channel: 'email',
  from: { kind: 'email', value: 'customer@example.com' },
  headers: {},
  hasBody: true,
  threadStatus: 'open',
  ownAddresses: new Set(['help@example.org']),
  ...more,
});
const withHeader = (name: string, value: string) => triage(mail({ headers: { [name]: value } }));

describe('triage', () => {
  it('sends an ordinary message on by its channel', () => {
    expect(triage(mail())).toEqual({ go: 'email' });
    expect(triage(mail({ threadStatus: 'closed' }))).toEqual({ go: 'email' });
    expect(triage(mail({ channel: 'form' }))).toEqual({ go: 'form' });
    expect(triage(mail({ channel: 'phone', from: { kind: 'phone', value: '+12025550100' } }))).toEqual({
      go: 'callback',
    });
    expect(triage(mail({ channel: 'chat', from: { kind: 'handle', value: 'visitor-1' } }))).toEqual({ go: 'chat' });
  });

  it('knows its own addresses in any case', () => {
    const from = { kind: 'email', value: 'Help@Example.ORG' } as const;
    expect(triage(mail({ from }))).toMatchObject({ end: 'ignored', reason: 'own_message' });
  });

  it('never answers automatic mail of RFC 3834', () => {
    for (const value of ['auto-generated', 'Auto-Replied', 'auto-replied; owner="x"'])
      expect(withHeader('auto-submitted', value)).toMatchObject({ end: 'ignored', reason: 'auto_submitted' });
    for (const value of ['no', 'No', 'no; a comment', ''])
      expect(withHeader('auto-submitted', value)).toEqual({ go: 'email' });
  });

  it('never answers mail to many', () => {
    expect(withHeader('list-id', '')).toMatchObject({ end: 'ignored', reason: 'bulk_mail' });
    for (const value of ['bulk', 'LIST', ' junk '])
      expect(withHeader('precedence', value)).toMatchObject({ end: 'ignored', reason: 'bulk_mail' });
    expect(withHeader('precedence', 'normal')).toEqual({ go: 'email' });
  });

  it('applies the rules of e-mail to e-mail alone', () => {
    expect(triage(mail({ channel: 'form', headers: { 'list-id': 'x', 'auto-submitted': 'auto-generated' } }))).toEqual({
      go: 'form',
    });
  });

  it('ignores spam, and gives a status that no rule knows to a person', () => {
    expect(triage(mail({ threadStatus: 'spam' }))).toMatchObject({ end: 'ignored', reason: 'spam_thread' });
    expect(triage(mail({ threadStatus: 'snoozed' }))).toMatchObject({
      end: 'escalated',
      reason: 'thread_status_unknown',
    });
  });

  it('waits for a body that is not there yet, but not for one of spam or automatic mail', () => {
    expect(triage(mail({ hasBody: false }))).toEqual({ wait: 'body' });
    expect(triage(mail({ hasBody: false, threadStatus: 'spam' }))).toMatchObject({ reason: 'spam_thread' });
    expect(triage(mail({ hasBody: false, headers: { 'list-id': 'x' } }))).toMatchObject({ reason: 'bulk_mail' });
  });

  it('gives a message whose sender cannot be answered to a person', () => {
    const expected = { end: 'escalated', reason: 'unreadable_sender' };
    expect(triage(mail({ from: null }))).toMatchObject(expected);
    expect(triage(mail({ from: { kind: 'unreadable', value: 'nobody at nowhere' } }))).toMatchObject(expected);
  });

  it('names a rule as its evidence, never a header of the customer beyond that', () => {
    const from = { kind: 'unreadable', value: 'canary@@example' } as const;
    const verdicts = [
      triage(mail({ from })),
      withHeader('auto-submitted', 'auto-canary'),
      withHeader('list-id', '<canary.example.com>'),
    ];
    expect(JSON.stringify(verdicts)).not.toContain('canary');
  });
});
