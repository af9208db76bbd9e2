/** What a token may do; each role may do what the ones before it may. */
export const ROLES = {
  viewer: 'look: states, decisions, figures; nothing that a customer wrote unless a route says so',
  operator: 'work: approve, resolve, stop and release, report outcomes',
  admin: 'all of that, tokens and modes, and who changed what',
} as const;
export type Role = keyof typeof ROLES;

const RANKS = Object.keys(ROLES);

export const mayActAs = (has: Role, needed: Role): boolean => RANKS.indexOf(has) >= RANKS.indexOf(needed);

/** Who asks: a token by its name. */
export interface Actor {
  name: string;
  role: Role;
}
