import type { Clock } from '../../domain/clock.js';
import { seededRandom } from '../seeded-random.js';
import {
  type Delivery,
  isTold,
  type Outcome,
  type PhoneFault,
  type SimulatedCall,
  stagesOf,
  statusAt,
} from './model.js';

export interface NewCall {
  to: string;
  from: string;
  url: string;
  statusCallback: string | null;
  events: readonly string[];
}

/** Everything that the simulated phone provider knows; nothing of it moves but with the clock. */
export class PhoneWorld {
  readonly calls: SimulatedCall[] = [];
  /** Callbacks of which the time to be sent has not come. */
  readonly queue: Delivery[] = [];
  readonly sent: (Delivery & { answered: number | null })[] = [];
  readonly lost: Delivery[] = [];
  private readonly forced = new Map<PhoneFault, number>();
  private readonly rates = new Map<PhoneFault, number>();
  private readonly outcomes: Outcome[] = [];
  private draws = 0;

  constructor(
    private readonly clock: Clock,
    readonly options: { seed: number; stepMs: number; hiddenMs: number; lateMs: number },
  ) {}

  now(): number {
    return this.clock.now().getTime();
  }

  /** The next so many chances of a fault strike. */
  force(fault: PhoneFault, times: number): void {
    this.forced.set(fault, times);
  }

  rate(fault: PhoneFault, share: number): void {
    this.rates.set(fault, share);
  }

  strikes(fault: PhoneFault): boolean {
    const left = this.forced.get(fault) ?? 0;
    if (left > 0) {
      this.forced.set(fault, left - 1);
      return true;
    }
    const share = this.rates.get(fault) ?? 0;
    return share > 0 && this.draw(fault).chance(share);
  }

  private draw(name: string) {
    this.draws += 1;
    return seededRandom(this.options.seed, 'phone', name, this.draws);
  }

  /** The next calls go so, in this order; later ones are answered. */
  expect(outcomes: readonly Outcome[]): void {
    this.outcomes.push(...outcomes);
  }

  place(call: NewCall): SimulatedCall {
    const now = this.now();
    const placed: SimulatedCall = {
      ...call,
      sid: `CA${(this.calls.length + 1).toString(16).padStart(8, '0')}${hex(this.draw('sid').next())}`,
      createdAt: now,
      listedAt: now + (this.strikes('hidden-call') ? this.options.hiddenMs : 0),
      stages: stagesOf(this.outcomes.shift() ?? 'completed', this.options.stepMs),
      told: 0,
    };
    this.calls.push(placed);
    return placed;
  }

  find(sid: string): SimulatedCall | undefined {
    return this.calls.find((call) => call.sid === sid);
  }

  status(call: SimulatedCall) {
    return statusAt(call, this.now());
  }

  /** Puts what has happened since into the queue of callbacks, and gives those that are due. */
  takeDue(): Delivery[] {
    const now = this.now();
    for (const call of this.calls) this.announce(call, now);
    const due = this.queue.filter((one) => one.dueAt <= now);
    for (const one of due) this.queue.splice(this.queue.indexOf(one), 1);
    return due;
  }

  private announce(call: SimulatedCall, now: number): void {
    for (; call.told < call.stages.length; call.told++) {
      const stage = call.stages[call.told];
      if (!stage || now < call.createdAt + stage.afterMs) return;
      if (call.statusCallback === null || !isTold(call, stage.status)) continue;
      const sequence = call.stages.slice(0, call.told).filter(({ status }) => isTold(call, status)).length;
      const delivery: Delivery = { sid: call.sid, status: stage.status, sequence, dueAt: now };
      if (this.strikes('lost-callback')) {
        this.lost.push(delivery);
        continue;
      }
      if (this.strikes('late-callback')) delivery.dueAt = now + this.options.lateMs;
      this.queue.push(delivery);
      if (this.strikes('repeated-callback')) this.queue.push({ ...delivery });
    }
  }
}

const hex = (share: number): string =>
  Math.floor(share * 0xff_ff_ff_ff)
    .toString(16)
    .padStart(24, '0');
