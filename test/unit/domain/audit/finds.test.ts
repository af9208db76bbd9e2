import { describe, expect, it } from 'vitest';
import { type FindFacts, judgeFind, tighten } from '../../../../src/domain/audit/finds.js';

const NOW = Date.UTC(2026, 2, 2, 12);
const MINUTE = 60_000;
const DAY = 86_400_000;

/** Found in a thread that was read whole a day ago and is due in an hour. */
const facts: FindFacts = {
  at: NOW,
  dueAt: NOW + 60 * MINUTE,
  graceMs: MINUTE,
  listed: true,
  readWholeAt: NOW - DAY,
  wasParked: false,
  wasReturned: false,
  receivedAt: null,
};

describe('judgeFind', () => {
  it.each<[string, Partial<FindFacts>, string, string]>([
    ['a thread that is not due yet', {}, 'late', 'visited_before'],
    ['a new thread that is not due yet', { readWholeAt: null }, 'late', 'not_visited'],
    ['a thread due so lately that its round may still come', { dueAt: NOW - MINUTE / 2 }, 'late', 'visited_before'],
    ['a thread whose visit is overdue', { dueAt: NOW - DAY }, 'missed', 'visited_before'],
    ['a thread that no visit will come to', { dueAt: null }, 'missed', 'visited_before'],
    ['a listed thread that nobody read', { dueAt: NOW - DAY, readWholeAt: null }, 'missed', 'not_visited'],
    [
      'a thread that no listing named',
      { dueAt: NOW - DAY, readWholeAt: null, listed: false },
      'missed',
      'never_listed',
    ],
    ['a thread in time, of a message that an answer named before', { wasReturned: true }, 'missed', 'lost_inside'],
    ['a thread in time, received before its last reading', { receivedAt: NOW - 2 * DAY }, 'missed', 'overlooked'],
    ['a thread in time, received after its last reading', { receivedAt: NOW - DAY / 2 }, 'late', 'visited_before'],
    ['an overdue thread, parked at intake', { dueAt: NOW - DAY, wasParked: true }, 'parked', 'parked'],
  ])('%s', (_, more, verdict, cause) => {
    expect(judgeFind({ ...facts, ...more })).toEqual({ verdict, cause });
  });
});

describe('tighten', () => {
  it('halves the factor at a miss, down to a quarter, and gives it back by audits without one', () => {
    const factors = [1];
    const after = (seen: { threads: number; misses: number }) => factors.push(tighten(factors.at(-1) ?? 1, seen));
    for (const misses of [1, 7, 1]) after({ threads: 40, misses });
    for (let audit = 0; audit < 7; audit++) after({ threads: 40, misses: 0 });
    expect(factors.map((factor) => Number(factor.toFixed(2)))).toEqual([
      1, 0.5, 0.25, 0.25, 0.31, 0.39, 0.49, 0.61, 0.76, 0.95, 1,
    ]);
  });

  it('learns nothing from a handful of threads', () => {
    expect(tighten(0.5, { threads: 5, misses: 0 })).toBe(0.5);
  });
});
