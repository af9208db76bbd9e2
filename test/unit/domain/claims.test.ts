import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CLAIMS, type ClaimName, claimsOf, judge, VERDICTS } from '../../../src/domain/claims.js';
import { ODDITIES } from '../../../src/simulator/oddities.js';

/** Claims that no oddity of the simulator breaks: the contract's own words, and the shape of every endpoint. */
const WITHOUT_ODDITY: ClaimName[] = [
  'ids_are_unique',
  'client_ref_echoed',
  'reply_visible_in_time',
  'shape_of_thread_lists',
  'shape_of_message_lists',
  'shape_of_threads',
  'shape_of_replies',
];

describe('claims and oddities', () => {
  it('each oddity breaks exactly one claim, and no two break the same', () => {
    const broken = ODDITIES.map((oddity) => oddity.breaks);
    expect(new Set(broken).size).toBe(ODDITIES.length);
    expect([...broken, ...WITHOUT_ODDITY].sort()).toEqual(claimsOf('dashboard').sort());
  });

  it('the oddity words the claim as the table does', () => {
    expect(ODDITIES.filter((oddity) => CLAIMS[oddity.breaks].claimed !== oddity.claim)).toEqual([]);
  });
});

describe('claims by kind of source', () => {
  it('no claim is about two kinds, and each is about one', () => {
    const all = ['dashboard', 'forms', 'phone'].flatMap(claimsOf);
    expect(all).toEqual(Object.keys(CLAIMS));
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('the verdict of a tally', () => {
  it('one exception refutes what must never happen, however often it did not', () => {
    expect(judge('messages_stay', { supports: 100_000, contradicts: 1 })).toBe('refuted');
  });

  it('enough cases without an exception verify, fewer change nothing', () => {
    const { enough } = CLAIMS.messages_stay;
    expect(judge('messages_stay', { supports: enough, contradicts: 0 })).toBe('verified');
    expect(judge('messages_stay', { supports: enough - 1, contradicts: 0 })).toBeNull();
  });

  it('of behaviour that is one way or the other the majority counts, and a tie changes nothing', () => {
    expect(judge('list_by_activity', { supports: 1, contradicts: 3 })).toBe('refuted');
    expect(judge('list_by_activity', { supports: 4, contradicts: 1 })).toBe('verified');
    expect(judge('list_by_activity', { supports: 2, contradicts: 2 })).toBeNull();
    expect(judge('list_by_activity', { supports: 1, contradicts: 0 })).toBeNull();
  });
});

describe('docs/reference/claims.md', () => {
  const page = readFileSync('docs/reference/claims.md', 'utf8');
  const rows = (heading: string) =>
    (page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('| `'));

  it('lists every claim with its words, its evidence and its rule, in the same order', () => {
    const wanted = Object.entries(CLAIMS).map(
      ([name, { claimed, by, rule, enough }]) => `| \`${name}\` | ${claimed} | ${by} | ${rule}, ${enough} |`,
    );
    expect(rows('The claims')).toEqual(wanted);
  });

  it('lists every verdict', () => {
    expect(rows('Verdicts')).toEqual(Object.entries(VERDICTS).map(([name, text]) => `| \`${name}\` | ${text} |`));
  });
});
