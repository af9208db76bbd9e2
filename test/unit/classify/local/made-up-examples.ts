import { generator } from '../../../../src/classify/local/train-linear.js';
import type { Example } from '../../../../src/classify/local/train-model.js';

const ABOUT: Record<string, readonly string[]> = {
  parcel: [
    'where is my parcel',
    'the parcel has not arrived',
    'track my delivery',
    'when will the parcel come',
    'delivery is late',
  ],
  password: [
    'i forgot my password',
    'reset my password',
    'the password is not accepted',
    'cannot sign in',
    'a new password please',
  ],
  refund: [
    'i want my money back',
    'refund the order',
    'when is the refund paid',
    'money back for the broken one',
    'give me a refund',
  ],
  invoice: [
    'send me the invoice',
    'the invoice is wrong',
    'a copy of the bill',
    'the bill lacks my company',
    'invoice by mail please',
  ],
};
const AROUND = [
  'hello',
  'please',
  'thank you',
  'today',
  'since monday',
  'i wrote before',
  'kind regards',
  'urgent',
  'again',
  'any news',
];

/** Texts on four subjects in varied words, the same for a seed. */
export function madeUpExamples(count: number, seed = 1): Example[] {
  const next = generator(seed);
  const one = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const labels = Object.keys(ABOUT);
  return Array.from({ length: count }, (_, at) => {
    const label = labels[at % labels.length] ?? '';
    const words = [
      one(AROUND),
      one(ABOUT[label] ?? []),
      one(AROUND),
      next() < 0.5 ? one(ABOUT[label] ?? []) : one(AROUND),
    ];
    return { text: words.join(' '), label };
  });
}
