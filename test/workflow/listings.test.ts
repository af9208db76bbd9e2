import { expect, it, onTestFinished } from 'vitest';
import { uncoveredSince } from '../../src/domain/coverage.js';
import { eventually } from '../support/eventually.js';
import { type GatewayAnswer, type GatewayRequest, type GatewayRule, jsonAnswer } from '../support/gateway.js';
import { QUICK, type Rig, startRig } from '../support/rig.js';

/** A creation interval counts as read only when its listing was exhausted, whatever the provider does on the way. */

const DAY = 86_400_000;
const MINUTES = 60_000;
const HORIZON_MS = 120 * DAY;

interface Listing {
  since: number;
  until: number;
  cursor: string | null;
}

interface ThreadPage {
  threads: { id: string }[];
  next_cursor: string | null;
}

const listingOf = ({ target }: GatewayRequest): Listing | null => {
  const url = new URL(target, 'http://gateway.invalid');
  if (url.pathname !== '/v1/threads') return null;
  const instant = (name: string) => Date.parse(url.searchParams.get(name) ?? '');
  return { since: instant('since'), until: instant('until'), cursor: url.searchParams.get('cursor') };
};

/** Pages of two threads, so that a small world has listings of several pages. */
const inSmallPages = (
  change: (listing: Listing, ask: () => Promise<GatewayAnswer>) => Promise<GatewayAnswer>,
): GatewayRule => {
  return (request, forward) => {
    const listing = listingOf(request);
    if (!listing) return forward();
    return change(listing, () => forward({ target: request.target.replace('limit=100', 'limit=2') }));
  };
};

const expired = jsonAnswer(410, { error: 'cursor_expired', message: 'the cursor is too old' });

async function rigForTest(rule: GatewayRule): Promise<Rig> {
  const timing = { ...QUICK, horizonMs: HORIZON_MS, listingMinGapMs: 3_600_000 };
  const rig = await startRig({ simulator: { threads: 40, days: 110, profile: 'observed', seed: 7 }, timing });
  onTestFinished(rig.release);
  rig.gateway.setRule(rule);
  await rig.worker.start();
  return rig;
}

const covering = async (rig: Rig) =>
  (
    await rig.query<{ from: Date; to: Date; begunAt: Date; pages: number }>`
      SELECT from_at AS from, to_at AS to, begun_at AS "begunAt", pages FROM listing WHERE covering`
  ).map(({ from, to, begunAt, pages }) => ({
    from: from.getTime(),
    to: to.getTime(),
    begunAt: begunAt.getTime(),
    pages,
  }));

it(
  'an interval whose cursor expires is read in halves, none narrower than a listing that covers',
  async () => {
    const rig = await rigForTest(
      inSmallPages(async ({ since, until, cursor }, ask) => (cursor && until - since > 16 * DAY ? expired : ask())),
    );
    const account = await rig.account();
    expect(account).toMatchObject({ missing: 0, balanced: true });
    const readings = await covering(rig);
    expect(Math.min(...readings.map(({ from, to }) => to - from))).toBeGreaterThanOrEqual(DAY);
    expect(readings.some(({ from, to }) => to - from <= 16 * DAY)).toBe(true);
    const at = Date.parse(account.at);
    expect(uncoveredSince({ from: at - HORIZON_MS, to: at }, readings, at)).toEqual([]);
    const cut = await rig.query`SELECT 1 FROM provider_call WHERE failure = 'CursorExpired' LIMIT 1`;
    expect(cut).toHaveLength(1);
  },
  3 * MINUTES,
);

it(
  'a reading in which rows moved between the pages closes no listing and is made again',
  async () => {
    const lastRows = new Map<string, unknown>();
    const moved = new Set<string>();
    const rig = await rigForTest(
      inSmallPages(async ({ since, until, cursor }, ask) => {
        const answer = await ask();
        const page = JSON.parse(answer.body) as ThreadPage;
        const key = `${since} ${until}`;
        const before = lastRows.get(key);
        if (cursor === null) lastRows.set(key, page.threads.at(-1));
        if (cursor === null || before === undefined || moved.has(key)) return answer;
        moved.add(key); // a thread was created meanwhile: the last row of the first page stands on the second as well
        return { ...answer, body: JSON.stringify({ ...page, threads: [before, ...page.threads] }) };
      }),
    );
    const account = await rig.account();
    expect(account).toMatchObject({ missing: 0, balanced: true });
    expect(moved.size).toBeGreaterThan(2);
    const repeating = await rig.query<{ reading: string; listings: number }>`
      SELECT reading_id AS reading, (
        SELECT count(*)::int FROM listing JOIN provider_call last ON last.id = listing.last_call_id
        WHERE last.reading_id = call.reading_id) AS listings
      FROM provider_call call, unnest(call.ids) AS row (id)
      WHERE operation = 'listThreads' GROUP BY reading_id, row.id HAVING count(*) > 1`;
    expect(repeating.length).toBeGreaterThan(2);
    expect(repeating.filter(({ listings }) => listings > 0)).toEqual([]);
  },
  3 * MINUTES,
);

it(
  'an interval that cannot be exhausted at any width stays owed as a named gap, until it can be',
  async () => {
    let broken = true;
    const poison = Date.now() - 40 * DAY;
    const rig = await rigForTest(
      inSmallPages(async ({ since, until }, ask) => (broken && since <= poison && poison < until ? expired : ask())),
    );
    const [window] = await eventually('a window is closed open', async () => {
      const rows = await rig.query<{ account: { gaps: { from: string; to: string }[] } }>`
        SELECT account FROM poll_window WHERE outcome = 'open' ORDER BY opened_at LIMIT 1`;
      return rows.length > 0 && rows;
    });
    const gaps = window?.account.gaps ?? [];
    expect(gaps).toHaveLength(1);
    const [from, to] = [Date.parse(gaps[0]?.from ?? ''), Date.parse(gaps[0]?.to ?? '')];
    expect(from).toBeLessThanOrEqual(poison);
    expect(to).toBeGreaterThan(poison);
    expect(to - from).toBeLessThan(2 * DAY);
    expect((await rig.query`SELECT 1 FROM source WHERE enumerated_at IS NOT NULL`).length).toBe(0);
    broken = false;
    expect(await rig.account()).toMatchObject({ missing: 0, balanced: true });
  },
  3 * MINUTES,
);
