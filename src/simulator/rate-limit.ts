/** At most `perSecond` requests in any second; 0 means no limit. Instants in ms. */
export class RateLimit {
  private readonly recent: number[] = [];
  private refused = 0;

  constructor(private readonly perSecond: number) {}

  isAllowed(now: number): boolean {
    if (this.perSecond === 0) return true;
    const limit = this.perSecond;
    while (this.recent.length > 0 && (this.recent[0] ?? now) <= now - 1000) this.recent.shift();
    if (this.recent.length >= limit) return false;
    this.recent.push(now);
    return true;
  }

  /** As the contract has it: seconds, every third time an HTTP date. */
  retryAfter(now: number): string {
    this.refused += 1;
    if (this.refused % 3 !== 0) return '1';
    return new Date((Math.floor(now / 1000) + 2) * 1000).toUTCString();
  }
}
