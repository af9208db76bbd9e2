import { exhaustInterval } from '../../src/domain/exhaust.js';
import { halve } from '../../src/domain/interval.js';
import { recordThreadPage } from '../../src/ledger/record-threads.js';
import {
  closeWindow,
  openWindow,
  type StoredInterval,
  type Trouble,
  type WindowAccount,
} from '../../src/ledger/windows.js';
import { callProvider } from '../../src/sources/provider-call.js';
import { ProviderFailure } from '../../src/sources/source.js';
import type { TestLedger } from './ledger.js';
import type { ListedWorld } from './listed-world.js';

let runs = 0;

/** One polling window over the ledger's own steps and the workflow's own rules, on the clock of the test instead of on Temporal. */
export async function pollOnce(ledger: TestLedger, world: ListedWorld, source = 'dashboard'): Promise<WindowAccount> {
  const { db, clock, timing } = ledger;
  const client = world.client();
  const now = clock.now();
  const window = await openWindow(db, { source, runId: `poll ${++runs}`, scheduledAt: now, now, timing });
  const troubles: Trouble[] = [];
  const owed = [...window.owed];
  for (let interval = owed.shift(); interval; interval = owed.shift()) {
    const result = await exhaust(interval);
    if (result.outcome === 'end') continue;
    const whole = { from: Date.parse(interval.from), to: Date.parse(interval.to) };
    const halves = result.outcome === 'cut' && interval.covering ? halve(whole, timing.coveringWidthMs) : null;
    if (halves) owed.unshift(...halves.map((half) => ({ ...iso(half), covering: true })));
    else troubles.push({ from: interval.from, to: interval.to, because: result.because });
  }
  return closeWindow(db, window.id, clock.now(), timing, troubles);

  function exhaust(interval: StoredInterval) {
    let cursor: string | null = null;
    let readingId: string | null = null;
    let page = 0;
    return exhaustInterval(
      async ({ afterCall, earlier = [] }) => {
        if (afterCall === undefined) {
          cursor = null;
          readingId = null;
          page = 0;
        }
        const { from, to, covering } = interval;
        const { call, answer } = await callProvider(
          { db, clock, timing, clientOf: () => client },
          { source, operation: 'listThreads', parameters: {}, windowId: window.id, readingId, page, attempt: 1 },
          (one) => one.listThreads({ from, to, cursor }),
        );
        const recorded = await recordThreadPage(db, call, answer, {
          source,
          windowId: window.id,
          interval: { from: new Date(from), to: new Date(to) },
          covering,
          earlier,
          now: clock.now(),
          timing,
        });
        cursor = answer.nextCursor;
        readingId = call.readingId;
        page += 1;
        return { next: recorded.next, callId: call.id, readingId: call.readingId };
      },
      (error) => {
        if (error instanceof ProviderFailure) return error.type;
        throw error;
      },
    );
  }
}

const iso = ({ from, to }: { from: number; to: number }) => ({
  from: new Date(from).toISOString(),
  to: new Date(to).toISOString(),
});
