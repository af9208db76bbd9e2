import type { TestProject } from 'vitest/node';
import { makeRunFolder, removeRunFolder, sweepKilledRuns } from './run-folder.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder in which the servers of this run are started by the first test that asks for one. */
    runFolder: string;
  }
}

/** Starts nothing: a unit test needs no server. What the tests started is stopped at the end. */
export default async ({ provide }: TestProject): Promise<() => Promise<void>> => {
  await sweepKilledRuns();
  const folder = makeRunFolder();
  provide('runFolder', folder);
  return () => removeRunFolder(folder);
};
