import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CALL_COVERAGE } from '../../../src/domain/call-coverage.js';
import { parseHours } from '../../../src/domain/calling-hours.js';
import {
  CALL_STATES,
  CALL_WITNESSES,
  type CallFacts,
  type CallState,
  isFinal,
  isNewer,
  judgeCall,
  judgeSighting,
  PHONE_STATUSES,
  type PhoneStatus,
  provableAt,
} from '../../../src/domain/calls.js';
import { DEFAULT_TIMING } from '../../../src/domain/timing.js';

const T = Date.parse('2026-03-02T12:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const facts = (more: Partial<CallFacts>): CallFacts => ({
  state: 'scheduled',
  attempt: 1,
  slotAt: T,
  windowEnd: T + 24 * HOUR,
  placingAt: null,
  placedAt: null,
  heardAt: null,
  status: null,
  ...more,
});

const placed = (status: PhoneStatus, more: Partial<CallFacts> = {}) =>
  facts({ state: 'placed', status, placedAt: T, heardAt: T, ...more });

describe('the next step of a call', () => {
  it.each<[string, CallFacts, number, object]>([
    ['waits for its hour', facts({ slotAt: T + HOUR }), T, { do: 'wait', until: T + HOUR }],
    ['is placed at its hour', facts({}), T, { do: 'place' }],
    [
      'waits while a request is on its way',
      facts({ state: 'placing', placingAt: T }),
      T,
      { do: 'wait', until: T + 70_000 },
    ],
    ['is looked for once the list proves it', facts({ state: 'doubtful', placingAt: T }), T + 70_000, { do: 'look' }],
    ['is left alone while it rings', placed('ringing'), T + 59_999, { do: 'wait', until: T + MINUTE }],
    ['is asked after when nothing is heard', placed('ringing'), T + MINUTE, { do: 'poll' }],
    [
      'is asked after less often the longer it lasts',
      placed('in-progress', { heardAt: T + HOUR }),
      T + HOUR + 10 * MINUTE,
      { do: 'wait', until: T + 75 * MINUTE },
    ],
    ['is complete when it took place', placed('completed'), T, { do: 'complete' }],
    ['is placed again when the line is busy', placed('busy'), T, { do: 'again' }],
    ['is placed again when nobody answers', placed('no-answer', { attempt: 2 }), T, { do: 'again' }],
    [
      'is given up after the last attempt',
      placed('failed', { attempt: 3 }),
      T,
      { do: 'give_up', reason: 'call_unanswered' },
    ],
    [
      'is not placed again when somebody took it back',
      placed('canceled'),
      T,
      { do: 'give_up', reason: 'call_unanswered' },
    ],
    [
      'is given up when it never ends',
      placed('in-progress', { heardAt: T + 5 * HOUR }),
      T + 5 * HOUR,
      { do: 'give_up', reason: 'call_unconfirmed' },
    ],
    ['is over', facts({ state: 'completed' }), T, { do: 'end' }],
    ['is over when it was given up', facts({ state: 'given_up' }), T, { do: 'end' }],
    ['is over when it was withdrawn', facts({ state: 'withdrawn' }), T, { do: 'end' }],
  ])('%s', (_what, call, now, verdict) => {
    expect(judgeCall(call, now, DEFAULT_TIMING)).toEqual(verdict);
  });

  const instant = fc.integer({ min: T - 10 * HOUR, max: T + 10 * HOUR });
  const anyCall: fc.Arbitrary<CallFacts> = fc.record({
    state: fc.constantFrom(...(Object.keys(CALL_STATES) as CallState[])),
    attempt: fc.integer({ min: 1, max: 5 }),
    slotAt: instant,
    windowEnd: instant,
    placingAt: fc.option(instant),
    placedAt: fc.option(instant),
    heardAt: fc.option(instant),
    status: fc.option(fc.constantFrom(...(Object.keys(PHONE_STATUSES) as PhoneStatus[]))),
  });

  it('never lets a request leave but from a call that is scheduled and whose hour has come', () => {
    fc.assert(
      fc.property(anyCall, instant, (call, now) => {
        const { do: step } = judgeCall(call, now, DEFAULT_TIMING);
        if (step === 'place') expect(call.state === 'scheduled' && now >= call.slotAt).toBe(true);
        if (step === 'look') expect(now).toBeGreaterThanOrEqual(provableAt(call.placingAt ?? now, DEFAULT_TIMING));
        if (step === 'again') expect(call.attempt).toBeLessThan(DEFAULT_TIMING.callAttempts);
      }),
    );
  });

  it('never waits for an instant that has passed, so that no workflow spins', () => {
    fc.assert(
      fc.property(anyCall, instant, (call, now) => {
        const verdict = judgeCall(call, now, DEFAULT_TIMING);
        if (verdict.do === 'wait') expect(verdict.until).toBeGreaterThan(now);
      }),
    );
  });
});

describe('reports of a status', () => {
  it('only ever go forwards, in whichever order they come', () => {
    const statuses = Object.keys(PHONE_STATUSES) as PhoneStatus[];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...statuses), { minLength: 1 }), (told) => {
        let known: PhoneStatus | null = null;
        let ending: PhoneStatus | null = null;
        for (const status of told) {
          if (isNewer(status, known)) known = status;
          if (ending === null && isFinal(status)) ending = status;
        }
        expect(ending === null || known === ending).toBe(true);
      }),
    );
  });
});

describe('what the list shows after a doubt', () => {
  it.each<[string, Parameters<typeof judgeSighting>, object]>([
    [
      'a call tied to our key is ours, whatever else is listed',
      ['CA1', ['CA2', 'CA3'], true],
      { kind: 'ours', sid: 'CA1' },
    ],
    ['one unclaimed call is ours', [null, ['CA2'], false], { kind: 'ours', sid: 'CA2' }],
    ['none lets the next attempt leave', [null, [], false], { kind: 'none' }],
    ['two are ambiguous', [null, ['CA2', 'CA3'], false], { kind: 'ambiguous' }],
    ['a list that does not end proves nothing', [null, [], true], { kind: 'ambiguous' }],
  ])('%s', (_what, given, sighting) => {
    expect(judgeSighting(...given)).toEqual(sighting);
  });
});

describe('hours as they are written', () => {
  it.each([
    ['mon-fri 09:00-18:00', { days: [1, 2, 3, 4, 5], from: 540, to: 1080 }],
    ['sat-mon 00:00-24:00', { days: [1, 6, 7], from: 0, to: 1440 }],
    ['sun-sun 10:30-10:31', { days: [7], from: 630, to: 631 }],
  ])('%s', (text, hours) => {
    expect(parseHours(text)).toEqual(hours);
  });

  it.each(['mon-fri 18:00-09:00', 'mon-fri 09:00-09:00', 'mon-fri 09:60-10:00', 'mon-fri 09:00-24:01', 'weekdays', ''])(
    '%j are none',
    (text) => {
      expect(parseHours(text)).toBeNull();
    },
  );
});

describe('docs/reference/callbacks.md', () => {
  const page = readFileSync('docs/reference/callbacks.md', 'utf8');

  it.each(Object.entries({ ...CALL_STATES, ...CALL_WITNESSES, ...CALL_COVERAGE }))(
    'has %s with its meaning',
    (name, meaning) => {
      expect(page).toContain(`| \`${name}\` | ${meaning} |`);
    },
  );
});
