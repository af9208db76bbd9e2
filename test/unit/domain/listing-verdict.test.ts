import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exhaustInterval } from '../../../src/domain/exhaust.js';
import { judgeListing, type ListingCase, type ListingReading } from '../../../src/domain/listing-verdict.js';

const read = (...pages: string[][]): ListingReading => ({ pages, exhausted: true, lacking: [] });
const goingOn = (...pages: string[][]): ListingReading => ({ pages, exhausted: false, lacking: [] });
const judge = (readings: ListingReading[], more: Partial<ListingCase> = {}) =>
  judgeListing({ readings, covering: true, young: new Set(), expected: 0, emptiesNeeded: 2, ...more });

describe('a reading of a creation interval', () => {
  it('in one page counts at once: one answer cannot shift', () => {
    expect(judge([read(['a', 'b'])])).toEqual({ next: 'end', reading: 0 });
  });

  it('goes on while there is a next cursor, whatever its pages hold: a short or an empty one ends nothing', () => {
    expect(judge([goingOn(['a'])])).toEqual({ next: 'more' });
    expect(judge([goingOn([])])).toEqual({ next: 'more' });
  });

  it('in several pages counts when every row but those of its last page is seen once more', () => {
    const first = read(['a', 'b'], ['c', 'd'], ['e']);
    expect(judge([first])).toEqual({ next: 'confirm' });
    expect(judge([first, goingOn(['a', 'b'])])).toEqual({ next: 'more' });
    expect(judge([first, goingOn(['a', 'b'], ['c', 'd'])])).toEqual({ next: 'end', reading: 0 });
  });

  it('counts as well where new rows stand before those that were seen', () => {
    const first = read(['a', 'b'], ['c']);
    expect(judge([first, goingOn(['new', 'a'])])).toEqual({ next: 'more' });
    expect(judge([first, goingOn(['new', 'a'], ['b', 'c'])])).toEqual({ next: 'end', reading: 0 });
  });

  it('does not count where a row of it is gone afterwards: one behind it may have been skipped', () => {
    const first = read(['a', 'b'], ['d']);
    const second = read(['a', 'c'], ['d']);
    expect(judge([first, second])).toEqual({ next: 'confirm' });
    expect(judge([first, second, goingOn(['a', 'c'])])).toEqual({ next: 'end', reading: 1 });
  });

  it('a row younger than the safe frontier may come and go', () => {
    const young = new Set(['a']);
    expect(judge([read(['a', 'b'], ['c']), goingOn(['b', 'c'])], { young })).toEqual({ next: 'end', reading: 0 });
  });

  it('with a row on two pages has shifted, and confirms nothing of itself', () => {
    expect(judge([read(['a', 'b'], ['b', 'c'])])).toEqual({ next: 'shifted' });
    expect(judge([read(['a', 'b'], ['b', 'c']), read(['a', 'b'], ['c'])])).toEqual({ next: 'confirm' });
  });

  it('runs in a circle where a page comes again, or ten pages bring nothing', () => {
    expect(judge([goingOn(['a'], ['b'], ['a'])])).toEqual({ next: 'shifted' });
    expect(judge([goingOn(...Array.from({ length: 9 }, () => []))])).toEqual({ next: 'more' });
    expect(judge([goingOn(...Array.from({ length: 10 }, () => []))])).toEqual({ next: 'shifted' });
  });

  it('that is empty counts when as many in a row say so as are needed', () => {
    const empty = read([]);
    expect(judge([empty])).toEqual({ next: 'confirm' });
    expect(judge([empty, empty])).toEqual({ next: 'end', reading: 0 });
    expect(judge([empty, empty], { emptiesNeeded: 3 })).toEqual({ next: 'confirm' });
    expect(judge([empty], { emptiesNeeded: 1 })).toEqual({ next: 'end', reading: 0 });
    expect(judge([empty, read(['a']), empty])).toEqual({ next: 'confirm' });
  });

  it('that ends with an empty page has to come twice before it is confirmed: a broken answer looks like that', () => {
    const cut = read(['a', 'b'], []);
    expect(judge([cut, goingOn(['a', 'b'])])).toEqual({ next: 'more' });
    expect(judge([cut, read(['a', 'b'], ['c'])])).toEqual({ next: 'confirm' });
    expect(judge([cut, cut])).toEqual({ next: 'confirm' });
    expect(judge([cut, cut, goingOn(['a', 'b'])])).toEqual({ next: 'end', reading: 0 });
  });

  it('that lacks a thread which we hold is believed only when the next one lacks it too', () => {
    const lacks = { ...read(['a', 'b', 'c']), lacking: ['x'] };
    expect(judge([lacks], { expected: 4 })).toEqual({ next: 'confirm' });
    expect(judge([lacks, lacks], { expected: 4 })).toEqual({ next: 'end', reading: 0 });
    expect(judge([lacks, read(['a', 'b', 'c', 'x'])], { expected: 4 })).toEqual({ next: 'end', reading: 1 });
  });

  it('that lacks most of what we hold is never believed, however often it comes', () => {
    const empty = { ...read([]), lacking: ['a', 'b'] };
    const half = { ...read(['c']), lacking: ['a', 'b'] };
    for (const one of [empty, half]) {
      expect(judge([one, one, one], { expected: 3 })).toEqual({ next: 'contradicted' });
    }
  });

  it('that is narrow ends with its last page and is asked nothing more', () => {
    expect(judge([read([])], { covering: false })).toEqual({ next: 'end', reading: 0 });
    expect(judge([read(['a'], ['a', 'b'])], { covering: false })).toEqual({ next: 'end', reading: 0 });
  });
});

interface Change {
  kind: 'insert' | 'delete';
  at: number;
}

/** A list by offset, newest first, that changes between its pages. */
class ShiftingList {
  rows: string[];
  private inserted = 0;

  constructor(
    size: number,
    private readonly limit: number,
    private readonly changes: readonly (readonly Change[])[],
  ) {
    this.rows = Array.from({ length: size }, (_, index) => `row ${index}`);
  }

  page(offset: number, call: number): { ids: string[]; next: number | null } {
    for (const { kind, at } of this.changes[call] ?? []) {
      const index = at % (this.rows.length + 1);
      if (kind === 'insert') this.rows.splice(index, 0, `new ${this.inserted++}`);
      else this.rows.splice(index, 1);
    }
    const next = offset + this.limit;
    return { ids: this.rows.slice(offset, next), next: next < this.rows.length ? next : null };
  }
}

interface Run {
  outcome: string;
  calls: number;
  /** Rows that were there from the first page of the reading that counts to the end of the run, and that it does not hold. */
  lost: string[];
}

/** Reads a shifting list as the window does; `emptyAt` are calls that a server in trouble answers with an empty list. */
async function run(list: ShiftingList, emptyAt: ReadonlySet<number> = new Set(), emptiesNeeded = 3): Promise<Run> {
  const readings: { pages: string[][]; exhausted: boolean; offset: number; atStart: string[] }[] = [];
  let calls = 0;
  let counted = -1;
  const result = await exhaustInterval(
    async ({ afterCall }) => {
      if (afterCall === undefined) readings.push({ pages: [], exhausted: false, offset: 0, atStart: [] });
      const reading = readings.at(-1);
      if (!reading) throw new Error('no reading');
      const answer = list.page(reading.offset, calls);
      if (reading.pages.length === 0) reading.atStart = [...list.rows];
      const { ids, next } = emptyAt.has(calls) ? { ids: [], next: null } : answer;
      reading.pages.push(ids);
      reading.exhausted = next === null;
      reading.offset = next ?? 0;
      const judged = readings.map(({ pages, exhausted }) => ({ pages, exhausted, lacking: [] }));
      const verdict = judgeListing({ readings: judged, covering: true, young: new Set(), expected: 0, emptiesNeeded });
      if (verdict.next === 'end') counted = verdict.reading;
      calls += 1;
      return { next: verdict.next, callId: String(calls), readingId: String(readings.length) };
    },
    (error) => {
      throw error;
    },
  );
  const one = readings[counted];
  const held = new Set(one?.pages.flat());
  return {
    outcome: result.outcome,
    calls,
    lost: one ? one.atStart.filter((id) => list.rows.includes(id) && !held.has(id)) : [],
  };
}

const change = fc.record({ kind: fc.constantFrom<'insert' | 'delete'>('insert', 'delete'), at: fc.nat(60) });
const changes = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(change, { maxLength: 3 })), {
  maxLength: 24,
});

describe('for any list that shifts while it is read', () => {
  it('a reading that counts holds every row that was there when it began and stayed [loss case 25]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(30), fc.integer({ min: 1, max: 8 }), changes, async (size, limit, made) => {
        expect((await run(new ShiftingList(size, limit, made))).lost).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  });

  it('one false empty answer anywhere costs no row either', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(30),
        fc.integer({ min: 1, max: 8 }),
        changes,
        fc.nat(8),
        async (size, limit, made, at) => {
          expect((await run(new ShiftingList(size, limit, made), new Set([at]))).lost).toEqual([]);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('a list that stands still costs one call less than twice its pages, and one call where it has one page', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 8 }), async (size, limit) => {
        const pages = Math.ceil(size / limit);
        expect(await run(new ShiftingList(size, limit, []))).toEqual({
          outcome: 'end',
          calls: pages === 1 ? 1 : 2 * pages - 1,
          lost: [],
        });
      }),
    );
  });

  it('a list that loses a row between all its pages is asked for in halves after three readings, not believed', async () => {
    const restless = Array.from({ length: 60 }, (): Change[] => [{ kind: 'delete', at: 0 }]);
    expect(await run(new ShiftingList(40, 3, restless))).toMatchObject({ outcome: 'cut', lost: [] });
  });

  it('seeing the first page again would not be enough: a row lost from the second page leaves the first as it was', async () => {
    const list = new ShiftingList(6, 2, [[], [], [{ kind: 'delete', at: 2 }]]);
    const pages = [list.page(0, 0), list.page(2, 1), list.page(4, 2)].map((page) => page.ids);
    expect(pages).toEqual([['row 0', 'row 1'], ['row 2', 'row 3'], ['row 5']]); // row 4 was skipped
    expect(list.page(0, 3).ids).toEqual(pages[0]);
    const again = [list.page(0, 3), list.page(2, 3)].map((page) => page.ids);
    expect(judge([read(...pages), goingOn(...again)])).toEqual({ next: 'more' });
    expect(judge([read(...pages), read(...again, ['row 5'])])).not.toMatchObject({ next: 'end', reading: 0 });
  });
});
