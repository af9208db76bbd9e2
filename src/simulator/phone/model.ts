import type { PhoneStatus } from '../../domain/calls.js';

/** How a call goes once the provider has it. */
export const OUTCOMES = ['completed', 'busy', 'no-answer', 'failed', 'canceled'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What can go wrong, each with a share of its chances or an exact number of times. */
export const PHONE_FAULTS = {
  'broken-after-acceptance': 'the call is placed, and the connection breaks before the answer',
  'broken-before-acceptance': 'the connection breaks, and nothing is placed',
  'lost-callback': 'a status callback is never sent',
  'repeated-callback': 'a status callback is sent twice',
  'late-callback': 'a status callback is sent long after its status, behind later ones',
  'hidden-call': 'a call shows in the list only some time after it was placed',
  'too-many': '429 with Retry-After',
  'bare-too-many': '429 without Retry-After',
} as const;
export type PhoneFault = keyof typeof PHONE_FAULTS;

/** A status and how long after the placing it is reached, in ms. */
export interface Stage {
  status: PhoneStatus;
  afterMs: number;
}

export interface SimulatedCall {
  sid: string;
  to: string;
  from: string;
  url: string;
  statusCallback: string | null;
  events: readonly string[];
  createdAt: number;
  /** From when on the list shows it. */
  listedAt: number;
  stages: Stage[];
  /** Stages of which the callback was sent, dropped or put off. */
  told: number;
}

export interface Delivery {
  sid: string;
  status: PhoneStatus;
  sequence: number;
  dueAt: number;
}

const DIALLED: Stage[] = [
  { status: 'queued', afterMs: 0 },
  { status: 'initiated', afterMs: 1 },
  { status: 'ringing', afterMs: 2 },
];

/** The way of a call, in steps of the given length. */
export function stagesOf(outcome: Outcome, stepMs: number): Stage[] {
  const last: Stage[] =
    outcome === 'completed'
      ? [
          { status: 'in-progress', afterMs: 3 },
          { status: 'completed', afterMs: 4 },
        ]
      : [{ status: outcome, afterMs: 3 }];
  return [...DIALLED, ...last].map(({ status, afterMs }) => ({ status, afterMs: afterMs * stepMs }));
}

export const statusAt = (call: SimulatedCall, now: number): PhoneStatus =>
  call.stages.filter((stage) => now >= call.createdAt + stage.afterMs).at(-1)?.status ?? 'queued';

/** Which callbacks are wanted, by the names under which they are ordered. Source: Twilio, StatusCallbackEvent. */
const ORDERED_AS: Partial<Record<PhoneStatus, string>> = {
  initiated: 'initiated',
  ringing: 'ringing',
  'in-progress': 'answered',
};

/** Every end of a call is told, whatever was ordered. */
export const isTold = (call: SimulatedCall, status: PhoneStatus): boolean =>
  status !== 'queued' && call.events.includes(ORDERED_AS[status] ?? 'completed');
