import { CONFIDENCE, type FrameFigure } from '../../domain/audit/figures.js';
import type { Audit, AuditLoss } from '../../ledger/audits.js';
import type { PushedAudit } from './pushed.js';

/** A share in per cent with two leading digits: 0.083 %, 1.2 %, 45 %. Rounded up where it is the end of a bound. */
function percent(share: number, round: 'near' | 'up' = 'near'): string {
  const value = share * 100;
  if (value === 0) return '0 %';
  const digits = Math.max(0, 1 - Math.floor(Math.log10(value)));
  const scale = 10 ** digits;
  const rounded = (round === 'up' ? Math.ceil(value * scale - 1e-9) : Math.round(value * scale)) / scale;
  return `${rounded} %`;
}

const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** Figure (a) in words. It bounds what is missing of known threads, and says nothing of others. */
export function lossInWords(loss: AuditLoss): string {
  if (loss.draws === 0) return 'no thread is known yet, so nothing can be said of known threads';
  if (loss.estimate === null && loss.unreadDraws === 0)
    return 'of the threads we know none shows a message, so nothing can be said of them';
  if (loss.method === 'census' && loss.unreadDraws === 0)
    return `of the threads we know ${percent(loss.upper)} of messages were missing (every thread was read)`;
  const estimate = loss.estimate === null ? '' : `, ${percent(loss.estimate)} estimated`;
  const lower = loss.lower > 0 ? `at least ${percent(loss.lower)} and ` : '';
  const confidence = loss.method === 'census' ? '' : ` (${loss.confidence * 100} %${estimate})`;
  return `of the threads we know ${lower}at most ${percent(loss.upper, 'up')} of messages may be missing${confidence}`;
}

/** Figure (b) in words: never a zero where nothing could have seen a hole. */
export function frameInWords(frame: FrameFigure): string {
  const holes = frame.holes > 0 ? `, and ${plural(frame.holes, 'sign')} of messages that we do not hold` : '';
  if (frame.state === 'unknown') return `threads never listed: unknown${holes}`;
  const lines = frame.captures.map(
    (one) =>
      `at most ${percent(one.upper, 'up')} (${frame.confidence * 100} %) by ${one.witness}, which named ${one.named} and ${one.listed} of them were listed`,
  );
  return `threads never listed: ${lines.join('; ')}${holes}`;
}

/** Both figures in one sentence. They are never merged into one number. */
export function inWords({ loss, frame }: Pick<Audit, 'loss' | 'frame'>): string {
  return loss && frame ? `${lossInWords(loss)}; ${frameInWords(frame)}` : 'not ended yet';
}

const SHOWN = {
  list: { form: 'of the submissions that the list shows', phone: 'of the calls that the list shows' },
  sequence: { form: 'of the submissions up to the highest number', phone: '' },
  canary: { form: 'of the submissions', phone: '' },
  none: { form: 'of the submissions', phone: '' },
} as const;

/** Both figures of a pushed channel in one sentence; unknown where nothing proves them. */
export function pushedInWords({ channel, provedBy, loss, frame }: PushedAudit): string {
  const of = SHOWN[provedBy][channel];
  const first =
    loss === null
      ? `${of}: missing unknown`
      : loss.method === 'census'
        ? `${of} ${percent(loss.upper)} were missing (${loss.missed} of ${loss.shown}, every one was compared)`
        : `${of} at most ${percent(loss.upper, 'up')} may be missing (${CONFIDENCE * 100} %, ${loss.missed} of ${plural(loss.shown, 'canary', 'canaries')} lost)`;
  const holes = frame.holes > 0 ? `, and ${plural(frame.holes, 'sign')} of some` : '';
  const captures = frame.captures.map(
    (one) =>
      `at most ${percent(one.upper, 'up')} (${frame.confidence * 100} %) by ${one.witness}, which named ${one.named} and ${one.listed} of them were listed`,
  );
  return `${first}; never listed: ${frame.state === 'unknown' ? 'unknown' : captures.join('; ')}${holes}`;
}

/** What the figures were counted from. */
export function countsInWords({ frameThreads, frameMessages, seed }: Audit, loss: AuditLoss): string {
  const { threads } = loss;
  const how = loss.method === 'census' ? 'all of them' : `${loss.draws} draws, seed ${seed}`;
  const aside = [
    ...(threads.gone > 0 ? [`${threads.gone} gone`] : []),
    ...(threads.unread > 0 ? [`${threads.unread} could not be read`] : []),
  ];
  const finds = `${loss.missed} missed, ${loss.late} late, ${loss.parked} parked`;
  return `${frameThreads} known threads with ${plural(frameMessages, 'message')} (${how}); ${[`${threads.read} read`, ...aside].join(', ')}; ${plural(loss.shown, 'message')} shown, of which ${finds}`;
}
