import type { FormFields, FormVendor } from './form-vendor.js';
import { type SeededRandom, seededRandom } from './seeded-random.js';

const HOUR_MS = 3_600_000;
const LONGEST_GAP_MS = 24 * HOUR_MS;

/** What visitors want, each by its own route: a call, work for the platform, an answer by a person. */
const WANTS: readonly ((random: SeededRandom, number: number) => FormFields)[] = [
  (random, number) => ({
    ...visitor(number),
    phone: `+44 20 7946 0${random.between(100, 999)}`,
    callback: 'yes',
    message: `I would rather speak with somebody about my order (${number}).`,
  }),
  (_random, number) => ({ ...visitor(number), message: `I sent the lamp back and want my money back (${number}).` }),
  (random, number) => ({
    ...visitor(number),
    message: `${random.pick(['Do you deliver to islands?', 'Is the blue one made of wool?'])} (${number})`,
  }),
];

const visitor = (number: number) => ({ email: `visitor.${number}@example.com`, name: `Visitor ${number}` });

/** Visitors of a form: one of each kind when it begins, then by chance at a rate. */
export class PartyTraffic {
  private readonly random: SeededRandom;
  private timer: NodeJS.Timeout | null = null;
  private number = 0;

  constructor(
    private readonly vendor: Pick<FormVendor, 'submit'>,
    seed: number,
  ) {
    this.random = seededRandom(seed, 'visitors');
  }

  /** Per hour; 0 ends it. */
  setRate(perHour: number): void {
    this.close();
    if (perHour === 0) return;
    if (this.number === 0) for (const want of WANTS) this.submit(want);
    this.next(perHour);
  }

  close(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  private next(perHour: number): void {
    const gap = Math.min(this.random.exponential(HOUR_MS / perHour), LONGEST_GAP_MS);
    this.timer = setTimeout(() => {
      this.submit(this.random.pick(WANTS));
      this.next(perHour);
    }, gap);
  }

  private submit(want: (typeof WANTS)[number]): void {
    this.number += 1;
    // What is not delivered stands in the vendor's list.
    void this.vendor.submit(want(this.random, this.number));
  }
}
