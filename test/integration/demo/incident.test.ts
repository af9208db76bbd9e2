import { describe, expect, it } from 'vitest';
import { type Audience, type IncidentAccount, playIncident } from '../../../src/demo/incident.js';
import { judge } from '../../../src/demo/judge.js';
import type { Database } from '../../../src/ledger/database.js';
import { START } from '../../support/clock.js';
import { testLedger } from '../../support/ledger.js';

const play = async (
  more: Partial<Audience> = {},
  signal = new AbortController().signal,
): Promise<{ account: IncidentAccount; db: Database }> => {
  const { db } = await testLedger();
  const audience: Audience = {
    begin: async () => {},
    week: async () => {},
    storing: () => {},
    witness: async () => {},
    walking: () => {},
    end: async () => {},
    ...more,
  };
  const account = await playIncident(
    { threads: 80, seed: 3, days: 40, now: START, signal, withLedger: (work) => work(db) },
    audience,
  );
  return { account, db };
};

describe('the incident as a show', () => {
  it('shows figures that equal the truth of the simulator, month by month, and its multiplier', {
    timeout: 90_000,
  }, async () => {
    const seen: string[] = [];
    const { account, db } = await play({
      begin: async () => void seen.push('begin'),
      week: async (so, of) => void (so.length === of && seen.push('year')),
      witness: async () => void seen.push('witness'),
      end: async () => void seen.push('end'),
    });
    const { truth, backfill, waybill, naive, witness, contradictions, weeks } = account;
    expect(contradictions).toEqual([]);
    const { report } = backfill;
    expect(report.months.map(({ month, shown, known }) => ({ month, shown, known }))).toEqual(
      truth.months.map(({ month, messages, held }) => ({ month, shown: messages, known: held })),
    );
    expect(report.multiplier).toBe(truth.multiplier);
    expect(truth.multiplier).toBeGreaterThan(2);
    expect(report.messages).toMatchObject({ shown: truth.messages, missed: truth.missing, after: truth.messages });
    expect(report.coverage.messages.after).toEqual({ state: 'exact', share: 1 });
    expect(waybill.messages + waybill.notDueYet).toBe(truth.messages);
    expect(weeks.reduce((sum, week) => sum + week.taken, 0)).toBe(naive.messages);
    expect(report.automation.answered).toBe(naive.automated);
    expect(truth.automationShare).toBeLessThan(naive.automationShare);
    expect(witness.readings.lacking).toBeGreaterThan(0);
    expect(witness.trace).toMatchObject({ verdict: 'the provider did not return it', showing: 0, naming: 0 });
    expect(seen).toEqual(['begin', 'year', 'witness', 'end']);
    const other = { obtainable: ['never there'], figures: { ...truth, multiplier: 1, months: [] } };
    expect(await judge(db, { source: 'simulator', truth: other, report })).toEqual([
      `multiplier ${truth.multiplier}, in truth 1`,
      'the months of the report are not those of the truth',
      '1 messages are missing after the backfill',
    ]);
  });

  it('stops where it is when it is interrupted', async () => {
    const interrupted = new AbortController();
    await expect(
      play({ week: async (weeks) => void (weeks.length === 2 && interrupted.abort()) }, interrupted.signal),
    ).rejects.toMatchObject({ name: 'AbortError' });
  });
});
