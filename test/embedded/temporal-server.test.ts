import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isBehindItsDatabase, setQueueRate } from '../../src/activities/queue-rate.js';
import { findTemporal } from '../../src/embedded/find-temporal.js';
import { isAlive, parseIdentity } from '../../src/embedded/process-identity.js';
import { haltTemporal, startTemporal, type TemporalOptions } from '../../src/embedded/temporal-server.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { testNamespace } from '../support/servers.js';

let folder: string;

const options = async (changes: Partial<TemporalOptions> = {}): Promise<TemporalOptions> => ({
  executable: findTemporal(process.env.TEMPORAL_CLI_PATH || null),
  dataDir: folder,
  port: await freePort(),
  uiPort: null,
  namespaces: ['waybill'],
  searchAttributes: { WaybillProbe: 'Keyword' },
  log: () => undefined,
  ...changes,
});

const withConnection = async <T>(address: string, work: (connection: Connection) => Promise<T>): Promise<T> => {
  const connection = await Connection.connect({ address });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
};

const serverProcess = () => {
  const identity = parseIdentity(readFileSync(join(folder, 'temporal.json'), 'utf8'));
  if (identity === null) throw new Error('a running server has a pid file');
  return identity;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waybill-temporal-'));
});

afterEach(async () => {
  await haltTemporal(folder);
  rmSync(folder, { recursive: true, force: true });
});

describe('the embedded Temporal server', () => {
  it('has its namespace and search attributes when it says that it is ready', async () => {
    const server = await startTemporal(await options());
    await withConnection(server.address, async (connection) => {
      const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace: 'waybill' });
      expect(namespaceInfo?.name).toBe('waybill');
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'waybill' });
      expect(Object.keys(customAttributes ?? {})).toContain('WaybillProbe');
    });
  });

  it('takes the rate of a queue again within seconds after writers of it have died', async () => {
    const server = await startTemporal(await options());
    await withConnection(server.address, async (connection) => {
      const client = new Client({ connection, namespace: 'waybill' });
      const queues = ['one', 'two', 'three', 'four', 'five'];
      await Promise.all(queues.map((queue) => setQueueRate(client, queue, 1)));
      // Which of them the server has written and yet not remembered is its affair: most runs have one.
      const die = async (queue: string) => {
        let usualMs = 20;
        for (let n = 1; n <= 60; n++) {
          const begun = performance.now();
          const rate = n % 2 === 0 ? 10 : 20;
          const dies = n % 3 !== 0;
          const write = () => setQueueRate(client, queue, rate);
          await (dies ? connection.withDeadline(Date.now() + usualMs * (0.4 + n / 100), write) : write()).catch(
            () => undefined,
          );
          if (!dies) usualMs = performance.now() - begun;
        }
      };
      await Promise.all(queues.map(die));
      for (const queue of queues) {
        const refusals: unknown[] = [];
        await eventually(
          () => `the rate of ${queue} is taken, after ${String(refusals.at(-1))}`,
          () =>
            setQueueRate(client, queue, 50).catch((error: unknown) => {
              refusals.push(error);
              return null;
            }),
          { withinMs: 15_000 },
        );
        expect(refusals.filter((error) => !isBehindItsDatabase(error))).toEqual([]);
      }
    });
  }, 120_000);

  it('is shared by two users with the same settings and stops with the last of them', async () => {
    const same = await options();
    const first = await startTemporal(same);
    const second = await startTemporal(same);
    expect([first.adopted, second.adopted]).toEqual([false, true]);
    const running = serverProcess();
    await first.stop();
    expect(isAlive(running)).toBe(true);
    await second.stop();
    expect(isAlive(running)).toBe(false);
  });

  it('refuses other settings while somebody uses it, and replaces it when nobody does', async () => {
    const first = await startTemporal(await options());
    const left = serverProcess();
    const otherPort = await options();
    await expect(startTemporal(otherPort)).rejects.toThrow('runs with other settings for another waybill process');
    rmSync(join(folder, 'holders'), { recursive: true }); // as after a kill of its only user
    const second = await startTemporal(otherPort);
    expect(second).toMatchObject({ adopted: false, address: `127.0.0.1:${otherPort.port}` });
    expect(second.address).not.toBe(first.address);
    expect(isAlive(left)).toBe(false);
  });

  it('leaves a process alone that was given the number of its own', async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'temporal.json'),
      JSON.stringify({ pid: process.pid, startTime: 'before the last boot', args: [] }),
    );
    const server = await startTemporal(await options());
    expect(server.adopted).toBe(false); // and this test still runs, whose number stood in the file
    expect(serverProcess().pid).not.toBe(process.pid);
  });

  it('refuses a port that another process holds, in one sentence', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await expect(startTemporal(await options({ port }))).rejects.toThrow('set WAYBILL_TEMPORAL_PORT to a free port');
    await expect(startTemporal(await options({ uiPort: port }))).rejects.toThrow(
      'set WAYBILL_TEMPORAL_UI_PORT to a free port',
    );
    other.close();
  });

  it('names its log when the executable is none', async () => {
    await expect(startTemporal(await options({ executable: join(folder, 'missing') }))).rejects.toThrow(
      /did not start.*temporal\.log/,
    );
    await expect(startTemporal(await options({ executable: process.execPath }))).rejects.toThrow(
      /ended at once with exit code/,
    );
  });

  it('keeps a namespace that was made later over a restart', async () => {
    const settings = await options();
    const first = await startTemporal(settings);
    await withConnection(first.address, (connection) =>
      connection.workflowService.registerNamespace({
        namespace: 'made-later',
        workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
      }),
    );
    await first.stop();
    const second = await startTemporal(settings);
    await withConnection(second.address, async (connection) => {
      const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace: 'made-later' });
      expect(namespaceInfo?.name).toBe('made-later');
    });
  });

  it('takes a rate limit for a task queue while it runs', async () => {
    const { address, namespace } = await testNamespace();
    await withConnection(address, async (connection) => {
      const { config } = await connection.workflowService.updateTaskQueueConfig({
        namespace,
        taskQueue: 'source.example',
        taskQueueType: 2,
        updateQueueRateLimit: { rateLimit: { requestsPerSecond: 7 }, reason: 'test' },
      });
      expect(config?.queueRateLimit?.rateLimit?.requestsPerSecond).toBe(7);
    });
  });
});
