import type { When } from './format.js';

/** Whether one message can meet both: `unknown` where lists, domains or calendars would have to be compared. */
export function overlap(a: When, b: When): 'never' | 'possible' | 'unknown' {
  const pairs: [readonly string[] | undefined, readonly string[] | undefined][] = [
    [a.label, b.label],
    [a.route, b.route],
    [a.channel, b.channel],
    [a.source, b.source],
    [a.language, b.language],
    [a.thread?.status, b.thread?.status],
  ];
  if (pairs.some(([one, other]) => one && other && !one.some((value) => other.includes(value)))) return 'never';
  const [first, second] = [a.thread?.first_message, b.thread?.first_message];
  if (first !== undefined && second !== undefined && first !== second) return 'never';
  const [low, high] = [repliesOf(a), repliesOf(b)];
  if (low.most < high.least || high.most < low.least) return 'never';
  if (a.hours && b.hours) {
    if (a.hours.calendar === b.hours.calendar && a.hours.is !== b.hours.is) return 'never';
    if (a.hours.calendar !== b.hours.calendar) return 'unknown';
  }
  return a.customer && b.customer ? 'unknown' : 'possible';
}

const repliesOf = ({ thread }: When) => ({
  least: thread?.replies?.at_least ?? 0,
  most: thread?.replies?.at_most ?? Number.MAX_SAFE_INTEGER,
});
