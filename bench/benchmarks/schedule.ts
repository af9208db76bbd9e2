import { DEFAULT_TIMING } from '../../src/domain/timing.js';
import { type Bench, goal } from '../report.js';
import {
  type AlikeFigures,
  MODELS,
  measureAlike,
  measureClasses,
  measureHalf,
  measureMixture,
  REPLY_RATES,
} from '../schedule/measure.js';

const THREADS = 8_000;
const MIXTURE_THREADS = 4_000;
/** 100 new threads a day, so that a round of half the budget takes several calls and not one in several rounds. */
const HALF_THREADS = 36_500;

/** Numbers of a report with five digits at most. */
const rounded = <T>(value: T): T =>
  JSON.parse(
    JSON.stringify(value, (_key, one: unknown) => (typeof one === 'number' ? Number(one.toPrecision(5)) : one)),
  ) as T;

const worst = (runs: readonly AlikeFigures[], pick: (run: AlikeFigures) => number, most: 'max' | 'min'): number =>
  Math[most](...runs.map(pick));
const total = <T>(runs: readonly T[], pick: (run: T) => number): number =>
  runs.reduce((sum, run) => sum + pick(run), 0);

export const bench: Bench = {
  describe:
    'the revisit schedule over 365 virtual days, against brute force, a 1-day window and the Cauchy-Schwarz bound',
  async run({ seed, say }) {
    const timing = DEFAULT_TIMING;
    const alike = MODELS.flatMap((model) =>
      REPLY_RATES.map((q) => {
        say(`${THREADS} threads, ${model}, ${q} of the messages followed by another`);
        return measureAlike(model, q, THREADS, seed, timing);
      }),
    );
    say('what classes are worth');
    const classes = MODELS.map((model) => measureClasses(model, timing));
    const drawn = MODELS.map((model) => measureMixture(model, MIXTURE_THREADS, seed, timing));
    const half = MODELS.map((model) => {
      say(`${HALF_THREADS} threads, ${model}, at half the budget that the guarantee needs`);
      return measureHalf(model, HALF_THREADS, 365, seed, timing);
    });
    const found = total(alike, (run) => run.found);
    const lost = total(alike, (run) => run.lost);
    const goals = [
      goal(
        'fewer calls than 15 days every 15 minutes',
        worst(alike, (run) => run.fewerThanBrute, 'min'),
        'x',
        '>= 10',
      ),
      goal('messages found, silences up to 365 days', (100 * found) / (found + lost), '%', '= 100'),
      goal(
        'median lateness',
        worst(alike, (run) => run.p50, 'max'),
        'min',
        '<= 25',
      ),
      goal(
        'messages later than max(15 min, 17 % of the silence) + one round',
        total(alike, (run) => run.beyondGuarantee),
        'messages',
        '= 0',
      ),
      ...MODELS.map((model) => {
        const runs = alike.filter((run) => run.model === model);
        return goal(
          `efficiency against the bound, ${model}`,
          worst(runs, (run) => run.efficiency, 'min'),
          '',
          '>= 0.5',
        );
      }),
      ...classes.map(({ model, pure }) => goal(`classes against age alone, pure model, ${model}`, pure, 'x', '>= 1.5')),
      goal(
        'lost at half the needed budget',
        total(half, (run) => run.lost),
        'messages',
        '= 0',
      ),
      goal(
        'later than the restated guarantee + one round at half the needed budget',
        total(half, (run) => run.beyondStated),
        'messages',
        '= 0',
      ),
    ];
    return { goals, details: rounded({ threads: THREADS, alike, classes, drawn, half }) };
  },
};
