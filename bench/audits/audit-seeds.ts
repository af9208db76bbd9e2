import { clopperPearson } from '../../src/domain/audit/beta.js';
import { auditWorld, type Pattern, virtualWorld } from './virtual-audit.js';

interface PatternAccount {
  audits: number;
  held: number;
  /** Sum of the widths of the intervals; their mean in the account. */
  width: number;
  tooLow: number;
  tooHigh: number;
}

export interface SeedsAccount {
  held: number;
  unknown: number;
  /** Worlds that hold threads which no listing ever named. */
  neverListed: number;
  misjudged: number;
  /** Worlds in which something was lost, and the intervals that hold that. */
  withLoss: { audits: number; held: number };
  /** How many times wider than by as many draws of single messages the bound is where nothing was lost: what uneven sizes cost. */
  price: number;
  patterns: Partial<Record<Pattern, PatternAccount>>;
}

/** Audits one world per seed, `from` to `to`, without any witness, and counts what held. */
export function auditSeeds(from: number, to: number, progress: (done: number) => void = () => {}): SeedsAccount {
  const account: SeedsAccount = {
    held: 0,
    unknown: 0,
    neverListed: 0,
    misjudged: 0,
    withLoss: { audits: 0, held: 0 },
    price: 0,
    patterns: {},
  };
  const prices: number[] = [];
  for (let seed = from; seed <= to; seed++) {
    const world = virtualWorld(seed);
    const { figure, frame, truth, holds, neverListed, misjudged } = auditWorld(world, seed);
    account.held += Number(holds);
    account.unknown += Number(frame.state === 'unknown');
    account.neverListed += Number(neverListed > 0);
    account.misjudged += misjudged;
    account.withLoss.audits += Number(truth > 0);
    account.withLoss.held += Number(truth > 0 && holds);
    const pattern = (account.patterns[world.pattern] ??= { audits: 0, held: 0, width: 0, tooLow: 0, tooHigh: 0 });
    pattern.width = (pattern.width * pattern.audits + figure.upper - figure.lower) / (pattern.audits + 1);
    pattern.audits += 1;
    pattern.held += Number(holds);
    pattern.tooLow += Number(!holds && figure.upper < truth);
    pattern.tooHigh += Number(!holds && figure.lower > truth);
    if (truth === 0 && figure.method === 'sample' && figure.unreadDraws === 0)
      prices.push(figure.upper / clopperPearson(0, figure.draws).upper);
    if (seed % 250 === 0) progress(seed - from + 1);
  }
  account.price = prices.reduce((sum, one) => sum + one, 0) / Math.max(1, prices.length);
  return account;
}
