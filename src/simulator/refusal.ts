/** Why the simulator does not start, in one sentence for the person who started it. */
export class SimulatorRefusal extends Error {
  override readonly name = 'SimulatorRefusal';
}

/** A request that gets the contract's Problem answer. */
export class RequestProblem extends Error {
  override readonly name = 'RequestProblem';
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}
