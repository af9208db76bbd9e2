/** An outside automation platform that this process is configured for, without what only its client needs. */
export interface Platform {
  name: string;
  /** Time in which it owes the outcome of what it acknowledged. */
  outcomeWithinMs: number;
  /** Whether subject, sender and text go with a hand-off; otherwise it gets references alone. */
  withContent: boolean;
  /** Where it reports to: the part before `/v1/messages/...`. */
  reportTo: string;
}

export const outcomeUrl = ({ reportTo }: Pick<Platform, 'reportTo'>, messageId: string): string =>
  `${reportTo}/v1/messages/${messageId}/outcome`;
