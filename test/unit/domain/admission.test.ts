import { describe, expect, it } from 'vitest';
import { type AdmissionInput, admit, beforeAnswerFrom, originPlausible } from '../../../src/domain/admission.js';
import { DEFAULT_TIMING } from '../../../src/domain/timing.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const FIRST_SEEN = Date.UTC(2026, 2, 2, 12);
const ENTERED_LIVE = FIRST_SEEN - HOUR;
const YEAR_1970 = 0;
const YEAR_2099 = Date.UTC(2099, 0, 1);

const LIVE = { mode: 'live', answerFrom: ENTERED_LIVE, answerFromExplicit: false } as const;
const LIVE_EXPLICIT = { mode: 'live', answerFrom: ENTERED_LIVE - 30 * DAY, answerFromExplicit: true } as const;

const arrives = (more: Partial<AdmissionInput> = {}): AdmissionInput => ({
  direction: 'inbound',
  originAt: FIRST_SEEN - 600_000,
  firstSeenAt: FIRST_SEEN,
  threadCreatedAt: FIRST_SEEN - 10 * DAY,
  byFirstEnumeration: false,
  twinOf: null,
  isOurReply: false,
  source: LIVE,
  timing: DEFAULT_TIMING,
  ...more,
});

describe('what ends without a workflow in every mode', () => {
  it('an outbound message, as a reply of ours or of a person', () => {
    const source = { mode: 'observe', answerFrom: null, answerFromExplicit: false } as const;
    for (const one of [source, LIVE, LIVE_EXPLICIT]) {
      const outbound = arrives({ direction: 'outbound', source: one });
      expect(admit(outbound)).toEqual({ end: 'outbound', reason: 'person_reply' });
      expect(admit({ ...outbound, isOurReply: true })).toEqual({ end: 'outbound', reason: 'our_reply' });
    }
  });

  it('a twin, which is carried where it came first', () => {
    expect(admit(arrives({ twinOf: 'first' }))).toEqual({ end: 'duplicate_of', reason: 'twin', other: 'first' });
  });
});

describe('a source in observe', () => {
  it('keeps every inbound message and carries none, whatever its stamp', () => {
    const source = { mode: 'observe', answerFrom: null, answerFromExplicit: false } as const;
    for (const originAt of [null, YEAR_1970, FIRST_SEEN, YEAR_2099])
      for (const byFirstEnumeration of [true, false])
        expect(admit(arrives({ source, originAt, byFirstEnumeration }))).toEqual({
          end: 'ignored',
          reason: 'observed_only',
        });
  });

  it('carries nothing for an answerFrom that was set before it went back to observe', () => {
    expect(admit(arrives({ source: { ...LIVE_EXPLICIT, mode: 'observe' } }))).toMatchObject({
      reason: 'observed_only',
    });
  });
});

describe('a source in live', () => {
  it('answers what was first seen and written since it entered live', () => {
    expect(admit(arrives())).toEqual({ end: null, hold: null });
  });

  it('leaves alone what was first seen before answerFrom, even with a stamp of 2099', () => {
    const firstSeenAt = ENTERED_LIVE - 1;
    for (const originAt of [null, firstSeenAt, YEAR_2099])
      expect(admit(arrives({ firstSeenAt, originAt }))).toEqual({ end: 'ignored', reason: 'before_answer_from' });
  });

  it('leaves alone what was written before answerFrom and came late', () => {
    expect(admit(arrives({ originAt: ENTERED_LIVE - 1 }))).toEqual({ end: 'ignored', reason: 'before_answer_from' });
  });

  it('takes a stamp of 1970 as the creation of the thread, so that an old thread stays old', () => {
    expect(admit(arrives({ originAt: YEAR_1970 }))).toEqual({ end: 'ignored', reason: 'before_answer_from' });
  });

  it('never answers by itself what carries a stamp that cannot be true', () => {
    const held = { end: null, hold: 'origin_implausible' };
    const young = { threadCreatedAt: FIRST_SEEN - 60_000 };
    expect(admit(arrives({ ...young, originAt: YEAR_1970 }))).toEqual(held);
    expect(admit(arrives({ ...young, originAt: YEAR_2099 }))).toEqual(held);
    expect(admit(arrives({ ...young, originAt: null }))).toEqual(held);
  });

  it('an answerFrom that an operator named is taken at its word, whatever the stamp', () => {
    const young = { threadCreatedAt: FIRST_SEEN - 60_000, source: LIVE_EXPLICIT };
    for (const originAt of [null, YEAR_1970, YEAR_2099])
      expect(admit(arrives({ ...young, originAt }))).toEqual({ end: null, hold: null });
  });

  it('carries nothing while no answerFrom is stored', () => {
    expect(admit(arrives({ source: { ...LIVE, answerFrom: null } }))).toMatchObject({ reason: 'before_answer_from' });
  });
});

describe('what the first enumeration finds', () => {
  const found = (more: Partial<AdmissionInput> = {}) => arrives({ byFirstEnumeration: true, ...more });

  it('is left alone when it is old', () => {
    expect(admit(found({ originAt: FIRST_SEEN - 9 * DAY }))).toEqual({ end: 'ignored', reason: 'before_answer_from' });
  });

  it('goes to a person when it is new by a stamp that can be true', () => {
    expect(admit(found())).toEqual({ end: null, hold: 'first_enumeration' });
  });

  it('is left alone without a case when its stamp proves nothing, as those of 1970 and 2099 do', () => {
    for (const originAt of [null, YEAR_1970, YEAR_2099])
      expect(admit(found({ originAt }))).toEqual({ end: 'ignored', reason: 'first_enumeration' });
  });

  it('is answered where the operator set answerFrom, from that instant on', () => {
    const source = LIVE_EXPLICIT;
    expect(admit(found({ source, originAt: FIRST_SEEN - 9 * DAY }))).toEqual({ end: null, hold: null });
    const older = { originAt: FIRST_SEEN - 60 * DAY, threadCreatedAt: FIRST_SEEN - 90 * DAY };
    expect(admit(found({ source, ...older }))).toEqual({ end: 'ignored', reason: 'before_answer_from' });
  });
});

describe('originPlausible', () => {
  it('allows an hour on both sides of [thread created, first seen]', () => {
    const threadCreatedAt = FIRST_SEEN - DAY;
    const plausible = (originAt: number | null) => originPlausible(arrives({ originAt, threadCreatedAt }));
    expect(plausible(threadCreatedAt - HOUR)).toBe(true);
    expect(plausible(threadCreatedAt - HOUR - 1)).toBe(false);
    expect(plausible(FIRST_SEEN + HOUR)).toBe(true);
    expect(plausible(FIRST_SEEN + HOUR + 1)).toBe(false);
    expect(plausible(null)).toBe(false);
  });
});

describe('beforeAnswerFrom', () => {
  it('is about the claimed stamp as far as it can be true, and about first seen', () => {
    const message = { originAt: FIRST_SEEN - 5 * DAY, firstSeenAt: FIRST_SEEN, threadCreatedAt: FIRST_SEEN - 2 * DAY };
    expect(beforeAnswerFrom(message, FIRST_SEEN - 3 * DAY)).toBe(false);
    expect(beforeAnswerFrom(message, FIRST_SEEN - 2 * DAY)).toBe(false);
    expect(beforeAnswerFrom(message, FIRST_SEEN - 2 * DAY + 1)).toBe(true);
    expect(beforeAnswerFrom({ ...message, originAt: null }, FIRST_SEEN)).toBe(false);
    expect(beforeAnswerFrom(message, null)).toBe(true);
  });
});

describe('a message that lay parked until a newer adapter could read it', () => {
  it('is never answered by itself, however young its stamp looks and whatever the operator set', () => {
    for (const source of [LIVE, LIVE_EXPLICIT])
      expect(admit(arrives({ readLate: true, source }))).toEqual({ end: null, hold: 'read_late' });
  });

  it('ends like any other where the source records only, or the message is older than its answerFrom', () => {
    const source = { mode: 'observe', answerFrom: null, answerFromExplicit: false } as const;
    expect(admit(arrives({ readLate: true, source }))).toMatchObject({ reason: 'observed_only' });
    const old = arrives({ readLate: true, originAt: FIRST_SEEN - 2 * DAY });
    expect(admit(old)).toMatchObject({ end: 'ignored', reason: 'before_answer_from' });
  });
});
