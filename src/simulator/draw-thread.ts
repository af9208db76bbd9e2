import type { RateOf } from './oddities.js';
import { type SeededRandom, seededId } from './seeded-random.js';
import { INBOXES, MINUTE, type SimAddress, type SimThread } from './world-model.js';

/** A customer of the invented service: a number, and a mailbox under a reserved domain. */
export function drawCustomer(random: SeededRandom): SimAddress {
  const number = random.between(1, 900);
  return {
    name: random.chance(0.5) ? `Customer ${number}` : null,
    email: `customer.${number}@example.${random.chance(0.5) ? 'com' : 'org'}`,
  };
}

const STATUSES = ['open', 'open', 'open', 'open', 'closed', 'closed', 'closed'] as const;

export type ListingQuirks = Pick<SimThread, 'lateListingMs' | 'shuffleMs' | 'hiddenFromNarrow'>;

/** What the oddities of the list would do to a new thread. */
export function drawListingQuirks(random: SeededRandom, rateOf: RateOf): ListingQuirks {
  const late = random.chance(rateOf('late-listing'));
  const lateMs = Math.min(6 * 60, Math.max(2, random.logNormal(20, 1.2))) * MINUTE;
  const shuffled = random.chance(rateOf('shuffled-listing'));
  const shuffleMs = random.between(-72 * 60, 72 * 60) * MINUTE;
  return {
    lateListingMs: late ? Math.round(lateMs) : 0,
    shuffleMs: shuffled ? shuffleMs : 0,
    hiddenFromNarrow: random.chance(rateOf('narrow-window-hides')),
  };
}

/** A thread with what the oddities would do to it. */
export function drawThread(
  random: SeededRandom,
  given: {
    labels: (string | number)[];
    createdAt: number;
    subject: string;
    customer: SimAddress;
    inbox?: string;
    rateOf: RateOf;
  },
): SimThread {
  const status = random.chance(0.015) ? 'spam' : random.chance(0.015) ? 'snoozed' : random.pick(STATUSES);
  const quirks = drawListingQuirks(random, given.rateOf);
  return {
    id: seededId('thr', ...given.labels),
    subject: given.subject,
    inbox: given.inbox ?? random.pick(INBOXES),
    customer: given.customer,
    createdAt: given.createdAt,
    status,
    messages: [],
    ...quirks,
    nullSubject: false,
    lost: [],
  };
}
