import { setTimeout as pause } from 'node:timers/promises';
import type { Rig } from '../../test/support/assemble-rig.js';

const LOOK_MS = 500;
const TELL_MS = 15_000;
const MOST_NAMED = 40;

/** Counts by state, or by what is waited for. */
interface Standing {
  stored: number;
  open: number;
  by: Record<string, number>;
}

/** A message that is still on its way, as far as its own row and its newest event tell. */
interface Stuck {
  id: string;
  source: string;
  provider: string;
  route: string | null;
  state: string;
  waits: string | null;
  until: Date | null;
  event: string | null;
  at: Date | null;
  failure: string | null;
}

/**
 * Waits until every message that was written is stored and has its ending, or waits for a person, and says on the way how many have
 * not. @throws when time is over, with the names of those that have none
 */
export async function untilSettled(
  rig: Rig,
  expected: () => number | null,
  { withinMs, say }: { withinMs: number; say(line: string): void },
): Promise<void> {
  const began = performance.now();
  let told = Number.NEGATIVE_INFINITY;
  for (;;) {
    const now = await standing(rig);
    const wanted = expected();
    const over = performance.now() - began;
    if (wanted !== null && now.open === 0 && now.stored >= wanted) return;
    if (over - told >= TELL_MS || over >= withinMs) {
      told = over;
      const stored = `${now.stored} of ${wanted ?? 'more to come'} stored`;
      const states = Object.entries(now.by).map(([state, n]) => `${n} ${state}`);
      say(`${Math.round(over / 1_000)} s: ${[stored, ...states].join(', ')}; ${await paces(rig)}`);
    }
    if (over >= withinMs) throw new Error(await complaint(rig, now, wanted, withinMs));
    await pause(LOOK_MS);
  }
}

async function complaint(rig: Rig, now: Standing, wanted: number | null, withinMs: number): Promise<string> {
  const stuck = await stillOpen(rig);
  const lines = stuck
    .slice(0, MOST_NAMED)
    .map(({ id, source, provider, route, state, waits, until, event, at, failure }) =>
      [
        `${id} (${source}, ${provider}, ${route ?? 'no route'}): ${waits === null ? state : `waits for ${waits} until ${until?.toISOString()}`}`,
        `last ${event ?? 'nothing'} at ${at?.toISOString() ?? '-'}`,
        ...(failure === null ? [] : [`last failure ${failure}`]),
      ].join('; '),
    );
  const head = `not settled within ${Math.round(withinMs / 1_000)} s: ${now.stored} of ${wanted ?? 'unknown'} stored, ${now.open} without an ending`;
  const rest = stuck.length > MOST_NAMED ? [`and ${stuck.length - MOST_NAMED} more`] : [];
  return [head, ...lines, ...rest].join('\n  ');
}

/** What is neither ended, nor parked, nor with a person: those waits end by themselves, within the times of this rig. */
async function standing(rig: Rig): Promise<Standing> {
  const rows = await rig.query<{ state: string; open: boolean; n: number }>`
    SELECT COALESCE('waiting for ' || waiting_kind, state) AS state, count(*)::int AS n,
           (state IN ('recorded', 'carried') OR state = 'waiting'
            AND waiting_kind IN ('body', 'settle', 'turn', 'confirmation', 'callback', 'outcome', 'business_hours')) AS open
    FROM message WHERE direction = 'inbound' GROUP BY 1, 3 ORDER BY 1`;
  const sum = (some: typeof rows) => some.reduce((total, { n }) => total + n, 0);
  return {
    stored: sum(rows),
    open: sum(rows.filter(({ open }) => open)),
    by: Object.fromEntries(rows.map(({ state, n }) => [state, n])),
  };
}

const stillOpen = (rig: Rig): Promise<Stuck[]> => rig.query<Stuck>`
  SELECT m.id, m.source, m.provider_message_id AS provider, m.route, m.state, m.waiting_kind AS waits, m.waiting_until AS until,
         last.kind AS event, last.at, failed.failure
  FROM message m
  LEFT JOIN LATERAL (SELECT kind, at FROM lifecycle_event e WHERE e.message_id = m.id ORDER BY e.seq DESC LIMIT 1) last ON true
  LEFT JOIN LATERAL (SELECT f.type || ' in ' || f.activity AS failure FROM failure f WHERE f.message_id = m.id ORDER BY f.id DESC LIMIT 1) failed ON true
  WHERE m.direction = 'inbound' AND (m.state IN ('recorded', 'carried') OR (m.state = 'waiting'
    AND m.waiting_kind IN ('body', 'settle', 'turn', 'confirmation', 'callback', 'outcome', 'business_hours')))
  ORDER BY m.first_seen_at, m.id`;

/** How fast each provider is called now, which is what a run waits for where nothing is stuck. */
async function paces(rig: Rig): Promise<string> {
  const rows = await rig.query<{ source: string; rate: number; breaker: string }>`
    SELECT source, queue_rate AS rate, breaker FROM pacer ORDER BY source`;
  return rows.map(({ source, rate, breaker }) => `${source} ${rate.toFixed(1)}/s, breaker ${breaker}`).join('; ');
}
