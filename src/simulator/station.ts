import type { Clock } from '../domain/clock.js';
import { Faults } from './faults.js';
import type { Journal } from './journal.js';
import type { JournalEvent } from './journal-events.js';
import type { World } from './world.js';

/** The world with its clock and journal: what every route works on. */
export class Station {
  readonly faults: Faults;

  constructor(
    readonly world: World,
    private readonly journal: Journal,
    private readonly clock: Clock,
  ) {
    this.faults = new Faults(world);
  }

  /** The present, with everything taken in that arrived by itself. Never earlier than what is recorded. */
  now(): number {
    const clock = this.clock.now().getTime();
    this.world.advance(clock);
    return Math.max(clock, this.world.head);
  }

  /** Written first, then done: what was answered survives a kill. */
  record(event: JournalEvent): void {
    this.journal.append(event);
    this.world.apply(event);
  }

  close(): void {
    this.journal.close();
  }
}
