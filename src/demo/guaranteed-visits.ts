import { planWindow, type Reading } from '../domain/coverage.js';
import { contains } from '../domain/interval.js';
import type { Timing } from '../domain/timing.js';
import { activityAt, nextVisitAt } from '../domain/visit-schedule.js';
import { listThreads, MESSAGE_LIMIT, THREAD_LIMIT } from '../simulator/listing.js';
import type { World } from '../simulator/world.js';
import type { SimMessage } from '../simulator/world-model.js';

const DAY_MS = 86_400_000;
/** Between two midnights only the newest intervals are planned; a thread is listed hours late, not days. */
const NEAR_DAYS = 2;

/** What Waybill sees in a time. */
export interface GuaranteedIntake {
  /** When each message was first seen, by provider id. */
  seenAt: Map<string, number>;
  listings: number;
  visits: number;
  requests: number;
}

/**
 * Waybill's own intake on a virtual clock: its plan of listings and its schedule of visits, as windows and rounds apply them, over
 * the simulated dashboard. Without workflows, queues and a ledger, which add nothing to what is seen when, as long as the budget
 * carries the calls.
 */
export function guaranteedVisits(world: World, { from, timing }: { from: number; timing: Timing }) {
  const { visibility } = world;
  const intake: GuaranteedIntake = { seenAt: new Map(), listings: 0, visits: 0, requests: 0 };
  const known = new Map<string, { lastActivityAt: number; visited: boolean }>();
  const due = new Map<number, string[]>();
  const near: Timing = { ...timing, horizonMs: NEAR_DAYS * DAY_MS };
  let readings: Reading[] = [];
  let now = from;

  return {
    intake,
    advance(until: number): void {
      for (; now <= until; now += timing.visitEveryMs) {
        if ((now - from) % timing.listingMinGapMs === 0) list(now);
        visitDue(now);
      }
    },
  };

  function list(at: number): void {
    const plan = { readings, end: at, demandedAt: null, frontierPages: null };
    for (const { from: since, to: until } of planWindow({ ...plan, timing: at % DAY_MS === 0 ? timing : near })) {
      intake.listings += 1;
      for (let cursor: string | null = null; ; ) {
        const page = listThreads(world, { since, until, limit: THREAD_LIMIT, cursor }, at);
        intake.requests += 1;
        for (const { id, created_at: createdAt } of page.threads) {
          if (known.has(id)) continue;
          known.set(id, { lastActivityAt: Date.parse(createdAt), visited: false });
          schedule(id, at);
        }
        cursor = page.next_cursor;
        if (cursor === null) break;
      }
      const reading = { from: since, to: until, begunAt: at };
      readings = [...readings.filter((one) => !contains(reading, one)), reading];
    }
  }

  /** At the first round at or after the instant. */
  function schedule(id: string, at: number): void {
    const round = from + Math.ceil((at - from) / timing.visitEveryMs) * timing.visitEveryMs;
    const others = due.get(round);
    if (others) others.push(id);
    else due.set(round, [id]);
  }

  function visitDue(at: number): void {
    const ids = due.get(at);
    if (!ids) return;
    // A merge found on the way makes its survivor due in the same round.
    for (const id of ids) visit(id, at);
    due.delete(at);
  }

  function visit(id: string, at: number): void {
    const state = known.get(id);
    if (!state) return;
    const thread = world.thread(id);
    intake.visits += 1;
    if (!visibility.exists(thread, at)) {
      intake.requests += 1;
      known.delete(id);
      const host = visibility.host(thread, at);
      if (host !== thread && !known.has(host.id)) known.set(host.id, { lastActivityAt: at, visited: false });
      if (host !== thread) due.get(at)?.push(host.id);
      return;
    }
    const shown = visibility.messagesOf(thread, at);
    const pages = Math.max(1, Math.ceil(shown.length / MESSAGE_LIMIT));
    intake.requests += pages > 1 ? pages + 1 : 1;
    for (const message of shown) see(message, thread.createdAt, state, at);
    state.visited = true;
    const next = nextVisitAt(at, state.lastActivityAt, timing);
    if (next !== null) schedule(id, next);
  }

  function see(
    message: SimMessage,
    threadCreatedAt: number,
    state: { lastActivityAt: number; visited: boolean },
    at: number,
  ): void {
    if (intake.seenAt.has(message.id)) return;
    intake.seenAt.set(message.id, at);
    const originAt = Date.parse(visibility.receivedAt(message, at));
    const times = { originAt, receivedAt: null, firstSeenAt: at, threadCreatedAt, onRevisit: state.visited };
    state.lastActivityAt = Math.max(state.lastActivityAt, activityAt(times));
  }
}
