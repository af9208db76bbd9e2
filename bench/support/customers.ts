import { seededRandom } from '../../src/simulator/seeded-random.js';
import type { Rig } from '../../test/support/assemble-rig.js';

/** What customers have written, so that its truth can be compared. */
export interface Written {
  /** Provider ids of mail that a machine wrote. */
  machines: string[];
  /** Provider thread ids of bursts. */
  bursts: string[];
  /** Messages of every route. */
  messages: number;
}

const KINDS = [
  { kind: 'question', share: 0.46 },
  { kind: 'refund', share: 0.15 },
  { kind: 'burst', share: 0.1 },
  { kind: 'machine', share: 0.08 },
  { kind: 'call', share: 0.08 },
  { kind: 'hand_off', share: 0.06 },
  { kind: 'form', share: 0.07 },
] as const;
type Kind = (typeof KINDS)[number]['kind'];

/** Messages of one thread within a minute. */
export const BURST = 5;
const WRITERS = 4;
/** Shares of the web forms whose webhook is lost on the way, comes twice, or is forged by somebody else beside the real one. */
const FORMS = { withheld: 0.02, repeated: 0.05, forged: 0.05 };

/** So many conversations of every kind, several customers at once; resolves when everything is written. */
export async function writeConversations(rig: Rig, conversations: number, seed: number): Promise<Written> {
  const random = seededRandom(seed, 'conversations');
  const written: Written = { machines: [], bursts: [], messages: 0 };
  const rest = Array.from({ length: conversations }, (_, index) => ({
    index,
    kind: draw(random.next()),
    // The simulator withholds at least one webhook of each batch that may lose any, and a batch is one form here.
    withheld: random.chance(FORMS.withheld) ? 1 : 0,
  }));
  let calls = 0;
  const write = async ({ index, kind, withheld }: (typeof rest)[number]): Promise<number> => {
    const from = `customer.${index}@example.com`;
    if (kind === 'form') {
      await rig.control('form-traffic', { form: 'contact', count: 1, ...FORMS, withheld });
      return 1;
    }
    if (kind === 'burst') {
      const { threadId } = await rig.control('inbound', { from, subject: 'My order' });
      for (let more = 1; more < BURST; more++) await rig.control('inbound', { threadId, from });
      written.bursts.push(threadId);
      return BURST;
    }
    const { messageId } = await rig.control('inbound', { from, ...BODIES[kind](kind === 'call' ? calls++ : index) });
    if (kind === 'machine') written.machines.push(messageId);
    return 1;
  };
  const lane = async (): Promise<void> => {
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      const messages = await write(next); // added below, so that writers side by side add to one sum
      written.messages += messages;
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, lane));
  return written;
}

function draw(chance: number): Kind {
  let left = chance;
  for (const { kind, share } of KINDS) {
    left -= share;
    if (left < 0) return kind;
  }
  return 'question';
}

const BODIES: Record<Exclude<Kind, 'burst' | 'form'>, (index: number) => object> = {
  question: (index) => ({ subject: 'My order', text: `Where is my order WB-${100_000 + index}?` }),
  refund: () => ({ subject: 'Refund', text: 'Please give me my money back.' }),
  machine: () => ({
    subject: 'Out of office',
    text: 'Where is my order?',
    headers: { 'auto-submitted': 'auto-replied' },
  }),
  // Numbers that Ofcom keeps for drama, 020 7946 0001 to 0999: no two customers share one, so that none is to ring twice.
  call: (index) => ({
    subject: 'Call me',
    text: `Please call me back on +44 20 7946 ${String((index % 999) + 1).padStart(4, '0')}.`,
  }),
  hand_off: () => ({ subject: 'Order', text: 'Please cancel my order.' }),
};
