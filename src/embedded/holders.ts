import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityOf, isAlive, parseIdentity } from './process-identity.js';

/**
 * Who uses an embedded server at the moment, one file per use. `waybill up` and a `waybill trace` beside it share one
 * server: it is stopped by whoever leaves last, and a user that was killed does not count.
 */
export interface Holders {
  join(): void;
  /** Ends this use. */
  leave(): void;
  /** True while another use, of a process that still runs, goes on. */
  others(): boolean;
}

let uses = 0;

/** @param folder is made when missing; files of ended processes in it are removed on sight */
export const holdersIn = (folder: string): Holders => {
  const mine = `${process.pid}-${uses++}.json`;
  return {
    join() {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, mine), JSON.stringify(identityOf(process.pid)));
    },
    leave() {
      rmSync(join(folder, mine), { force: true });
    },
    others() {
      mkdirSync(folder, { recursive: true });
      let found = false;
      for (const name of readdirSync(folder)) {
        if (name === mine) continue;
        const path = join(folder, name);
        const holder = parseIdentity(readFileSync(path, 'utf8'));
        if (holder !== null && isAlive(holder)) found = true;
        else rmSync(path, { force: true });
      }
      return found;
    },
  };
};
