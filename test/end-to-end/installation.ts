import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Account } from '../../src/cli/up/account.js';
import { findTemporal } from '../../src/embedded/find-temporal.js';
import { assertPortIsFree } from '../../src/embedded/ports.js';
import { haltPostgres, startPostgres } from '../../src/embedded/postgres.js';
import { isAlive, type ProcessIdentity, parseIdentity } from '../../src/embedded/process-identity.js';
import { haltTemporal } from '../../src/embedded/temporal-server.js';
import { type Database, openDatabase } from '../../src/ledger/database.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { cleanEnvironment, type Ended, type RunningProcess, startNode } from '../support/worker-process.js';

const COMMAND = fileURLToPath(new URL('../../bin/waybill.mjs', import.meta.url));
const PORTS = ['POSTGRES', 'TEMPORAL', 'TEMPORAL_UI', 'API', 'SIMULATOR'] as const;
const silent = () => undefined;

export type Port = (typeof PORTS)[number];

/** An embedded installation of its own: data folder, ports, and the command as a user has it. */
export interface Installation {
  folder: string;
  dataDir: string;
  ports: Record<Port, number>;
  start(args: readonly string[], env?: Record<string, string>): RunningProcess;
  run(args: readonly string[], env?: Record<string, string>): Promise<Ended>;
  /** Reads the embedded ledger, beside the product or after it. */
  withLedger<T>(work: (db: Database) => Promise<T>): Promise<T>;
  /** The processes that the product has noted as its own, alive or not. */
  processes(): ProcessIdentity[];
  /** What the commands of this installation said and what its logs end with: for a failed test's report. */
  story(): string;
  /** What still runs of the given processes, and which ports are taken. */
  leftovers(known: readonly ProcessIdentity[]): Promise<string[]>;
  release(): Promise<void>;
}

export async function makeInstallation(): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-end-to-end-'));
  chmodSync(folder, 0o755); // the user that Postgres runs as must be able to enter it
  const dataDir = join(folder, 'data');
  const numbers: number[] = [];
  while (numbers.length < PORTS.length) {
    const port = await freePort();
    if (!numbers.includes(port)) numbers.push(port);
  }
  const ports = Object.fromEntries(PORTS.map((name, index) => [name, numbers[index] ?? 0])) as Record<Port, number>;
  const settings = {
    WAYBILL_DATA_DIR: dataDir,
    ...Object.fromEntries(PORTS.map((name) => [`WAYBILL_${name}_PORT`, String(ports[name])])),
    TEMPORAL_CLI_PATH: findTemporal(process.env.TEMPORAL_CLI_PATH || null),
  };
  const running = new Set<RunningProcess>();
  const commands: { args: readonly string[]; child: RunningProcess }[] = [];
  const postgres = join(dataDir, 'postgres');

  const start: Installation['start'] = (args, env = {}) => {
    const options = { env: cleanEnvironment({ ...settings, ...env }), cwd: folder, channel: false };
    const child = startNode([COMMAND, ...args], options);
    running.add(child);
    commands.push({ args, child });
    void child.ended.then(() => running.delete(child));
    return child;
  };

  const identityFiles = (): string[] => {
    const children = join(dataDir, 'children');
    return [
      join(dataDir, 'up.json'),
      join(postgres, 'postmaster.json'),
      join(dataDir, 'temporal', 'temporal.json'),
      ...(existsSync(children) ? readdirSync(children).map((name) => join(children, name)) : []),
    ].filter((file) => existsSync(file));
  };

  return {
    folder,
    dataDir,
    ports,
    start,
    run: (args, env) => start(args, env).ended,
    async withLedger(work) {
      const server = await startPostgres({ dataDir: postgres, port: ports.POSTGRES, log: silent });
      const db = openDatabase({ url: server.url, maxConnections: 2 });
      try {
        return await work(db);
      } finally {
        await db.close();
        await server.stop();
      }
    },
    processes: () =>
      identityFiles().flatMap((file) => {
        const identity = parseIdentity(readFileSync(file, 'utf8'));
        return identity ? [identity] : [];
      }),
    story() {
      const last = commands.at(-1);
      const said = last ? last.child.output() : { stdout: '', stderr: '' };
      const logs = [join(dataDir, 'temporal', 'temporal.log'), ...filesIn(join(dataDir, 'logs'))];
      return [
        `last command: ${last?.args.join(' ') ?? 'none'}, ${last?.child.hasEnded() ? 'ended' : 'still running'}`,
        lastLines(said.stdout + said.stderr),
        ...logs.filter((file) => existsSync(file)).map((file) => `${file}:\n${lastLines(readFileSync(file, 'utf8'))}`),
      ].join('\n');
    },
    async leftovers(known) {
      const alive = known.filter(isAlive).map(({ pid }) => `process ${pid}`);
      const taken = await Promise.all(
        PORTS.map((name) =>
          assertPortIsFree(ports[name], name, name).then(
            () => [],
            () => [`port of ${name}`],
          ),
        ),
      );
      return [...alive, ...taken.flat()];
    },
    async release() {
      for (const child of running) child.kill('SIGKILL');
      await Promise.all([...running].map((child) => child.ended));
      const children = identityFiles().flatMap((file) => {
        const identity = parseIdentity(readFileSync(file, 'utf8'));
        return identity ? [identity] : [];
      });
      await Promise.all([
        haltPostgres({ dataDir: postgres, log: silent }),
        haltTemporal(join(dataDir, 'temporal')),
        eventually('the children of a killed command end', () => !children.some(isAlive)).catch(silent),
      ]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const STORY_LINES = 25;
const lastLines = (text: string): string => text.trimEnd().split('\n').slice(-STORY_LINES).join('\n');
const filesIn = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];

/** The account that `--once --json` prints as its last line. */
export function accountOf({ stdout }: Ended): Account {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Account;
}

/** What a refused command says: everything on standard error, without what set-up tells of its progress. */
export const saidBy = ({ stderr }: Ended): string[] =>
  stderr.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('set-up:'));
