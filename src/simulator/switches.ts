import { ODDITIES, type OddityName, type Profile } from './oddities.js';

interface Turn {
  at: number;
  on: boolean;
}

/** Which oddity is on at which instant: kept as a history, so that any past instant can be answered as it was. */
export class Switches {
  private readonly history = new Map<OddityName, Turn[]>();
  private current: Profile = 'documented';

  get profile(): Profile {
    return this.current;
  }

  /** Every oddity as the profile has it, from this instant on. */
  useProfile(profile: Profile, at: number): void {
    this.current = profile;
    for (const oddity of ODDITIES) this.turn(oddity.name, oddity.profiles.includes(profile), at);
  }

  /** Instants must not run backwards. */
  turn(name: OddityName, on: boolean, at: number): void {
    const turns = this.history.get(name);
    if (turns) turns.push({ at, on });
    else this.history.set(name, [{ at: Number.NEGATIVE_INFINITY, on }]);
  }

  isOn(name: OddityName, at: number): boolean {
    return this.history.get(name)?.findLast((turn) => turn.at <= at)?.on ?? false;
  }

  allAt(at: number): Record<string, 'on' | 'off'> {
    return Object.fromEntries(ODDITIES.map(({ name }) => [name, this.isOn(name, at) ? 'on' : 'off']));
  }
}
