import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../domain/clock.js';
import type { Database } from '../ledger/database.js';
import { raiseUnusablePlaybooks, recordPlaybookSet } from '../ledger/playbook-versions.js';
import type { Chooser } from '../playbooks/chooser.js';
import { type FolderFiles, readFolder, readFound } from '../playbooks/folder.js';
import { hashOf, type Parties } from '../playbooks/playbook-set.js';
import { type Problem, problemLine } from '../playbooks/problem.js';
import { chooserOf, unusableChooser } from '../playbooks/set-chooser.js';
import type { Logger } from '../telemetry/logger.js';

export interface FollowOptions {
  db: Database;
  clock: Clock;
  folder: string;
  /** Labels that a classifier of this worker can give; a function is asked at each reading, since another classifier may be trained. */
  labels: readonly string[] | (() => Promise<readonly string[]>);
  /** Null: playbooks may name anybody. */
  parties?: Parties | null;
  everyMs: number;
  log: Logger;
}

export interface FollowedPlaybooks {
  /** Asks the set that is in force at the moment of the question. */
  chooser: Chooser;
  /** Looks at the folder now, as it is otherwise done every `everyMs`. */
  look(): Promise<void>;
  close(): Promise<void>;
}

/** Files are written one after the other: what is read twice alike after so long is taken for whole. */
const SETTLED_MS = 100;

/**
 * Loads the playbooks of a folder and loads them again when it changes. A set that cannot be used raises an alarm and takes the
 * place of the one before, whose author has just said that it is no longer meant: a person gets what it would have decided.
 * By a timer of the process and not by a Schedule: every process holds a set of its own.
 */
export async function followPlaybooks(options: FollowOptions): Promise<FollowedPlaybooks> {
  const { db, clock, folder, labels, parties = null, everyMs, log } = options;
  /** `problems` while the set cannot be used; the key is null until that is written down. */
  let inForce: { key: string | null; chooser: Chooser; problems: Problem[] } | null = null;

  async function take(found: FolderFiles): Promise<void> {
    const { set, problems } = readFound(found, typeof labels === 'function' ? await labels() : labels, parties);
    if (set) {
      await recordPlaybookSet(db, set, clock.now());
      inForce = { key: keyOf(found), chooser: chooserOf(set), problems: [] };
      const count = set.playbooks.length;
      log.info(
        { event: 'playbooks.loaded', set: set.hash.slice(0, 12), count, warnings: problems.length },
        'playbooks loaded',
      );
      return;
    }
    const errors = problems.filter(({ level }) => level === 'error');
    // Before anything can fail: not one message more is decided by the set before.
    inForce = { key: null, problems: errors, chooser: unusableChooser(`the playbooks hold ${errors.length} error(s)`) };
    await raiseUnusablePlaybooks(db, errors.map(problemLine), clock.now());
    inForce.key = keyOf(found);
    const { file, line, column } = errors[0] ?? { file: null, line: null, column: null };
    log.error({ event: 'playbooks.refused', file, line, column, count: errors.length }, 'playbooks unusable');
  }

  async function look(): Promise<void> {
    const found = readFolder(folder);
    if (keyOf(found) === inForce?.key) {
      // It still holds, and another worker that could load its set may have taken the alarm back.
      const { problems } = inForce;
      if (problems.length > 0) await raiseUnusablePlaybooks(db, problems.map(problemLine), clock.now());
      return;
    }
    await pause(SETTLED_MS);
    const again = readFolder(folder);
    if (keyOf(again) === keyOf(found)) await take(again);
  }

  let looking: Promise<void> = Promise.resolve();
  const lookAfter = (): Promise<void> => {
    looking = looking.then(look, look);
    return looking;
  };
  // At the start what is there is taken as it is.
  await take(readFolder(folder));
  const timer = setInterval(() => {
    // Postgres may be away; without it nothing is decided, and the next look comes by itself.
    lookAfter().catch((error: unknown) => {
      log.warn({ event: 'playbooks.deferred', error }, 'playbooks not taken over');
    });
  }, everyMs);
  timer.unref();
  return {
    chooser: { choose: (facts) => (inForce?.chooser ?? unusableChooser('no playbooks are loaded')).choose(facts) },
    look: lookAfter,
    async close() {
      clearInterval(timer);
      await looking.catch(() => undefined);
    },
  };
}

/** Two readings with one key are the same: also two that failed alike, so that an alarm is raised once for each. */
const keyOf = ({ files, problems }: FolderFiles): string => JSON.stringify([hashOf(files), problems]);
