import fc from 'fast-check';
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
    expect(triage(mail())).toEqual({ go: 'email', evidence: 'channel email' });
    expect(triage(mail({ threadStatus: 'closed' }))).toMatchObject({ go: 'email' });
    expect(triage(mail({ channel: 'form' }))).toMatchObject({ go: 'form' });
    expect(triage(mail({ channel: 'phone', from: { kind: 'phone', value: '+12025550100' } }))).toMatchObject({
      go: 'callback',
    });
    expect(triage(mail({ channel: 'chat', from: { kind: 'handle', value: 'visitor-1' } }))).toMatchObject({
      go: 'chat',
    });
  });

  it('knows its own addresses in any case', () => {
    const from = { kind: 'email', value: 'Help@Example.ORG' } as const;
    expect(triage(mail({ from }))).toMatchObject({ end: 'ignored', reason: 'own_message' });
  });

  it('never answers automatic mail of RFC 3834', () => {
    for (const value of ['auto-generated', 'Auto-Replied', 'auto-replied; owner="x"'])
      expect(withHeader('auto-submitted', value)).toMatchObject({ end: 'ignored', reason: 'auto_submitted' });
    for (const value of ['no', 'No', 'no; a comment', '', 'no;\r\n owner-email="a@b.example"', '(a person) no'])
      expect(withHeader('auto-submitted', value)).toMatchObject({ go: 'email' });
  });

  it('never answers mail to many', () => {
    expect(withHeader('list-id', '')).toMatchObject({ end: 'ignored', reason: 'bulk_mail' });
    for (const value of ['bulk', 'LIST', ' junk '])
      expect(withHeader('precedence', value)).toMatchObject({ end: 'ignored', reason: 'bulk_mail' });
    expect(withHeader('precedence', 'normal')).toMatchObject({ go: 'email' });
  });

  it('applies the rules of e-mail to e-mail alone', () => {
    expect(
      triage(mail({ channel: 'form', headers: { 'list-id': 'x', 'auto-submitted': 'auto-generated' } })),
    ).toMatchObject({
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

  it.each([
    ['content-type', 'multipart/report; report-type=delivery-status', 'bounce'],
    ['content-type', 'Multipart/Report', 'bounce'],
    ['return-path', '<>', 'bounce'],
    ['return-path', ' < > ', 'bounce'],
    ['x-auto-response-suppress', 'All', 'response_suppressed'],
    ['x-auto-response-suppress', 'DR, RN, NRN, OOF, AutoReply', 'response_suppressed'],
    ['x-auto-response-suppress', 'autoreply', 'response_suppressed'],
    ['precedence', 'auto_reply', 'auto_submitted'],
    ['precedence', 'normal\nbulk', 'bulk_mail'],
    ['auto-submitted', 'no\nauto-replied', 'auto_submitted'],
    ['auto-submitted', 'no-reply', 'auto_submitted'],
  ])('%s: %j is %s', (name, value, reason) => {
    expect(withHeader(name, value)).toMatchObject({ end: 'ignored', reason });
  });

  it.each([
    ['content-type', 'multipart/alternative; boundary=report'],
    ['return-path', '<customer@example.com>'],
    ['x-auto-response-suppress', 'None'],
    ['x-auto-response-suppress', 'DR, NDR, RN, NRN, OOF'],
    ['x-auto-response-suppress', 'allowed'],
    ['list-unsubscribe', '<https://shop.example.com/u>'],
    ['precedence', 'first-class'],
    ['constructor', 'bulk'],
  ])('%s: %j keeps nobody from being answered', (name, value) => {
    expect(withHeader(name, value)).toMatchObject({ go: 'email' });
  });

  it.each(['mailer-daemon@example.com', 'MAILER-DAEMON@mx.example.com', 'postmaster@example.com'])(
    'takes mail of %s for a report',
    (value) => {
      expect(triage(mail({ from: { kind: 'email', value } }))).toMatchObject({ end: 'ignored', reason: 'bounce' });
    },
  );

  it('judges neither sender nor headers of what the mailer of a form wrote, but the thread it stands in', () => {
    const submission = { wantsCallback: false, hasPhone: false };
    const from = { kind: 'email', value: 'help@example.org' } as const;
    const headers = { 'auto-submitted': 'auto-generated', 'return-path': '<>' };
    const byMailer = true;
    expect(triage(mail({ from, headers, submission, byMailer }))).toEqual({ go: 'form', evidence: 'fields of a form' });
    expect(triage(mail({ from, headers, byMailer }))).toMatchObject({ go: 'email' });
    expect(triage(mail({ from, headers, submission }))).toMatchObject({ end: 'ignored' });
    expect(triage(mail({ from, submission, byMailer, threadStatus: 'spam' }))).toMatchObject({ reason: 'spam_thread' });
  });

  it('calls back where a form, or a phrase beside a number, asks for it', () => {
    const callback = (more: Partial<TriageInput>) => triage(mail(more));
    expect(callback({ submission: { wantsCallback: true, hasPhone: false } })).toMatchObject({ go: 'callback' });
    const text = 'Please call me back, 020 7946 0958.';
    expect(callback({ text })).toEqual({ go: 'callback', evidence: 'phrase: call me back' });
    expect(callback({ text: 'Please call me back.' })).toMatchObject({ go: 'email' });
    expect(
      callback({ text: 'Please call me back.', submission: { wantsCallback: false, hasPhone: true } }),
    ).toMatchObject({ go: 'callback' });
  });

  it('gives every message exactly one verdict, with a rule of ours as its evidence', () => {
    const words = fc.constantFrom('<>', 'no', 'auto-replied', 'All', 'bulk', 'multipart/report', 'canary', '', '\n');
    const names = fc.constantFrom(
      'auto-submitted',
      'return-path',
      'precedence',
      'list-id',
      'content-type',
      '__proto__',
    );
    const address = fc.constantFrom('canary@example.com', 'help@example.org', 'mailer-daemon@example.com');
    fc.assert(
      fc.property(
        fc.dictionary(names, words),
        address,
        fc.constantFrom('open', 'closed', 'spam', 'canary'),
        fc.boolean(),
        fc.string(),
        (headers, value, threadStatus, hasBody, text) => {
          const verdict = triage(mail({ headers, from: { kind: 'email', value }, threadStatus, hasBody, text }));
          expect(['go', 'end', 'wait'].filter((key) => key in verdict)).toHaveLength(1);
          if (!('wait' in verdict)) expect(verdict.evidence).toMatch(/^[a-z]/);
          expect(JSON.stringify(verdict)).not.toContain('canary');
        },
      ),
    );
  });
});
