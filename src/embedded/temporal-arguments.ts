import { join, resolve } from 'node:path';

/** What the dev server is started with. */
export interface TemporalSettings {
  /** Folder of the SQLite database; null keeps everything in memory. */
  dataDir: string | null;
  /** gRPC port on 127.0.0.1. */
  port: number;
  /** Port of the Web UI on 127.0.0.1; null switches it off. */
  uiPort: number | null;
  /** Made at the first start of a database. */
  namespaces: readonly string[];
  /** Search attributes of all namespaces, by name. */
  searchAttributes: Readonly<
    Record<string, 'Keyword' | 'Text' | 'Int' | 'Double' | 'Bool' | 'Datetime' | 'KeywordList'>
  >;
}

/**
 * Dynamic configuration: rate limits and priorities of task queues want the new matcher, and one partition to be exact. A write of a
 * queue's rate that is cancelled, as by the death of its worker, can leave the server behind its own database; every later write is
 * then refused until the server reads that again, which by default takes five minutes (measured on 1.29.1).
 */
const DYNAMIC_CONFIG: Readonly<Record<string, boolean | number | string>> = {
  'matching.useNewMatcher': true,
  'matching.enableFairness': true,
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
  'matching.getUserDataRefresh': '2s',
};

const repeated = (flag: string, values: readonly string[]): string[] => values.flatMap((value) => [flag, value]);

/** The command line of `temporal server start-dev`. */
export const serverArguments = (settings: TemporalSettings): string[] => [
  'server',
  'start-dev',
  '--ip=127.0.0.1',
  `--port=${settings.port}`,
  '--log-level=warn',
  '--log-format=json',
  ...(settings.uiPort === null ? ['--headless'] : ['--ui-ip=127.0.0.1', `--ui-port=${settings.uiPort}`]),
  ...(settings.dataDir === null ? [] : ['--db-filename', join(resolve(settings.dataDir), 'temporal.db')]),
  // without a write-ahead log on the SQLite file the server carries about half as many workflows per second
  ...repeated('--sqlite-pragma', settings.dataDir === null ? [] : ['journal_mode=WAL', 'synchronous=NORMAL']),
  ...repeated('--namespace', settings.namespaces),
  ...repeated(
    '--search-attribute',
    Object.entries(settings.searchAttributes).map(([name, type]) => `${name}=${type}`),
  ),
  ...repeated(
    '--dynamic-config-value',
    Object.entries(DYNAMIC_CONFIG).map(([key, value]) => `${key}=${JSON.stringify(value)}`),
  ),
];
