import { setTimeout as pause } from 'node:timers/promises';
import { BACKFILL_HOLDS, BACKFILL_MODES } from '../domain/backfill.js';
import { type Eta, etaOf } from '../domain/backfill-eta.js';
import { systemClock } from '../domain/clock.js';
import { type BackfillOrder } from '../ledger/backfill-orders.js';
import { type BackfillProgress, readBackfillProgress } from '../ledger/backfill-threads.js';
import { type Backfill, type BackfillRate, readBackfill, readBackfillRate } from '../ledger/backfills.js';
import type { Sql } from '../ledger/database.js';
import { EXIT } from './exit-codes.js';
import { columns, paint, print, toJson } from './output.js';
import { stopSignal } from './stop-signal.js';

const SHOWN_MS = 1_000;
const BAR = 30;

/** How far a backfill is, at which rate, and what holds it. */
export interface Standing {
  backfill: Backfill;
  progress: BackfillProgress;
  /** Share of the creation time that is listed, 0 to 1. */
  walked: number;
  rate: BackfillRate;
  eta: Eta | null;
}

export async function readStanding(db: Sql, id: string, now: Date): Promise<Standing> {
  const backfill = await readBackfill(db, id);
  const progress = await readBackfillProgress(db, id);
  const rate = await readBackfillRate(db, backfill, now);
  const wholeMs = backfill.to.getTime() - backfill.from.getTime();
  const walked = Math.min(1, progress.walkedMs / wholeMs);
  const { read, gone, unread, listed } = progress.threads;
  const eta =
    backfill.state === 'running'
      ? etaOf({
          walked,
          listed,
          closed: read + gone + unread,
          calls: progress.messageCalls,
          perSecond: rate.perSecond,
          spread: rate.spread,
        })
      : null;
  return { backfill, progress, walked, rate, eta };
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const many = (n: number): string => n.toLocaleString('en-GB');

export function sayStanding({
  backfill,
  progress,
  walked,
  rate,
  eta,
  orders = [],
}: Standing & { orders?: BackfillOrder[] }): string {
  const { threads, messages } = progress;
  const { pace, hours } = backfill;
  const refused = orders.filter((one) => one.refused !== null);
  return columns([
    ['backfill', `${backfill.source}/${backfill.name}, ${backfill.id}`],
    ['mode', `${backfill.mode}: ${BACKFILL_MODES[backfill.mode]}`],
    ['interval', `${backfill.from.toISOString()} to ${backfill.to.toISOString()}, ${percent(walked)} listed`],
    ['state', backfill.hold === null ? backfill.state : paint('yellow', `held: ${BACKFILL_HOLDS[backfill.hold]}`)],
    ...(backfill.holdSince ? [['held since', until(backfill)] as [string, string]] : []),
    ['position', backfill.position.toISOString()],
    [
      'threads',
      `${many(threads.read)} read of ${many(threads.listed)} listed, ${threads.gone} gone, ${threads.unread} could not be read`,
    ],
    [
      'messages',
      `${many(messages.shown)} at the provider, ${many(messages.known)} were ours, ${many(messages.missed)} were missing, ${messages.parked} parked`,
    ],
    ['not listed', `${progress.unlisted} intervals`],
    [
      'calls',
      `${many(rate.calls)} made, ${rate.perSecond.toFixed(2)} a second over the last minute, ${percent(rate.budgetShare)} of the budget`,
    ],
    [
      'pace',
      `${pace.perSecond === null ? 'as the budget of the source allows' : `${pace.perSecond} a second at most`}, ${pace.batchPauseMs} ms after each ${pace.batchThreads} threads${hours ? `, ${clock(hours.from)}-${clock(hours.to)} ${hours.zone}` : ''}`,
    ],
    ['time left', eta === null ? 'not known' : `${span(eta.seconds)} (${span(eta.least)} to ${span(eta.most)})`],
    ...refused.map((one): [string, string] => ['refused', `${one.at.toISOString()} ${one.verb}: ${one.refused}`]),
  ]);
}

const until = ({ holdSince, holdUntil }: Backfill): string =>
  `${holdSince?.toISOString() ?? ''}${holdUntil ? `, until ${holdUntil.toISOString()}` : ''}`;

const clock = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

function span(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3_600).toFixed(1)} h`;
}

/** Shows how far it is until it ends: a bar redrawn in place on a terminal, JSON lines otherwise. Gives the exit code. */
export async function watchBackfill(db: Sql, id: string, { json }: { json?: boolean }): Promise<number> {
  const stop = stopSignal();
  const live = process.stdout.isTTY === true && !json;
  let said = '';
  for (;;) {
    const standing = await readStanding(db, id, systemClock.now());
    const text = live ? bar(standing) : toJson(standing);
    if (live) process.stdout.write(`\r\u001b[K${text}`);
    else if (text !== said) print(text);
    said = text;
    const { state } = standing.backfill;
    if (state !== 'running') {
      if (live) process.stdout.write(`\n${sayStanding(standing)}\n`);
      return state === 'done' ? EXIT.ok : EXIT.finding;
    }
    if (stop.aborted) {
      if (live) process.stdout.write('\n');
      return EXIT.interrupted;
    }
    await pause(SHOWN_MS, undefined, { signal: stop }).catch(() => undefined);
  }
}

function bar({ backfill, progress, walked, rate, eta }: Standing): string {
  const { read, gone, unread, listed } = progress.threads;
  const share = walked * (listed === 0 ? 1 : (read + gone + unread) / listed);
  const full = Math.round(share * BAR);
  const held = backfill.hold === null ? '' : `  held: ${backfill.hold}`;
  const left = eta === null ? '' : `  ${span(eta.seconds)} left`;
  const line = `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}] ${percent(share)}  ${many(read)} threads  ${many(progress.messages.missed)} missing  ${rate.perSecond.toFixed(1)}/s${left}${held}`;
  return line.slice(0, (process.stdout.columns ?? 120) - 1);
}
