import { userInfo } from 'node:os';

/** Who acts, where the command line does not say: the user of this machine. */
export function operator(by: string | undefined): string {
  if (by !== undefined) return by;
  try {
    return userInfo().username;
  } catch {
    return 'unknown'; // a container may run under a number that has no name
  }
}

/** Who acts, as it stands in `change.actor`. */
export const commandActor = (by?: string): string => `cli:${operator(by)}`;
