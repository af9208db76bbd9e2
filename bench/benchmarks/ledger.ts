import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { DEFAULT_TIMING } from '../../src/domain/timing.js';
import { openDatabase } from '../../src/ledger/database.js';
import { insertMessages, type NewMessage } from '../../src/ledger/new-messages.js';
import { contentHash } from '../../src/ledger/seen-again.js';
import { readSource } from '../../src/ledger/sources.js';
import { readThread } from '../../src/ledger/visits.js';
import { PrismaClient } from '../generated/client.js';
import { type Bench, goal } from '../report.js';
import { makeDatabase, withPostgres } from '../support/servers.js';
import { bind, inLanes, messageAt, PER_PAGE, recordThreads, recordVisit, SOURCE } from '../support/world.js';

const THREADS = 800;
const MESSAGES = THREADS * PER_PAGE;
const REREADS = 3;
/** As a round of visits has calls under way. */
const LANES = 12;
/** Rows of one statement where the ways to write are compared. */
const BATCH = 1_000;
const ROUNDS = 5;

/**
 * New and known messages per second through the product's own path, page by page, a transaction each; then the statement that
 * stores them beside Prisma's createMany and a bare COPY, the same rows into the same tables, in turns.
 */
export const bench: Bench = {
  describe: 'messages per second into the ledger, new and known, beside Prisma createMany and COPY',
  run: ({ say }) =>
    withPostgres(async (serverUrl) => {
      const { url } = await makeDatabase(serverUrl);
      const db = openDatabase({ url, maxConnections: 20 });
      const admin = new pg.Client({ connectionString: url });
      await admin.connect();
      try {
        const now = new Date();
        await bind(db, now);
        const threads = await recordThreads(db, { from: 0, to: THREADS }, now, DEFAULT_TIMING);
        const visitAll = (at: Date) =>
          inLanes(THREADS, LANES, (index) => {
            const messages = Array.from({ length: PER_PAGE }, (_, position) => messageAt(index, position, now));
            return recordVisit(db, threads[index] ?? '', messages, at, DEFAULT_TIMING);
          });
        say(`${MESSAGES} new messages in ${THREADS} pages, ${LANES} at once`);
        const fresh = await rate(MESSAGES, () => visitAll(now));
        await settle(admin);
        say(`the same pages ${REREADS} times again`);
        const known = await rate(MESSAGES * REREADS, async () => {
          for (let again = 1; again <= REREADS; again++) await visitAll(new Date(now.getTime() + again * 1_000));
        });
        const dead = await deadRows(admin);
        const ways = await compareWays(url, say);
        const visits = THREADS * REREADS;
        return {
          goals: [
            goal('new messages', fresh, 'per second', '>= 2000'),
            goal('known messages', known, 'per second', '>= 10000'),
            goal('unnest to Prisma createMany', ways.unnest / ways.createMany, 'x', '>= 3'),
            goal('unnest to COPY', ways.unnest / ways.copy, 'x', '>= 0.5'),
            goal('dead rows of message after re-reading', dead.message, 'rows', '= 0'),
            goal('dead rows of message_body after re-reading', dead.message_body, 'rows', '= 0'),
            goal('dead rows of thread_due a visit', dead.thread_due / visits, 'rows', '<= 1'),
          ],
          details: { messages: MESSAGES, rereads: REREADS, lanes: LANES, batch: BATCH, rowsPerSecond: ways, dead },
        };
      } finally {
        await admin.end();
        await db.close();
      }
    }),
};

async function rate(count: number, work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return count / ((performance.now() - begun) / 1_000);
}

/** What filling left behind is cleared away, and nobody clears what follows. */
async function settle(admin: pg.Client): Promise<void> {
  await admin.query('VACUUM ANALYZE');
  for (const table of ['thread_due', 'message', 'thread'])
    await admin.query(`ALTER TABLE ${table} SET (autovacuum_enabled = false)`);
}

/** Rows that wait for a vacuum, counted in the tables themselves: the statistics of the server are estimates. */
async function deadRows(admin: pg.Client): Promise<Record<'message' | 'message_body' | 'thread_due', number>> {
  await admin.query('CREATE EXTENSION IF NOT EXISTS pgstattuple');
  const count = async (relation: string): Promise<number> => {
    const { rows } = await admin.query<{ dead: string }>(
      'SELECT dead_tuple_count AS dead FROM pgstattuple($1::regclass)',
      [relation],
    );
    return Number(rows[0]?.dead ?? 0);
  };
  const { rows } = await admin.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'message_body'::regclass`,
  );
  let bodies = 0;
  for (const { name } of rows) bodies += await count(name);
  return { message: await count('message'), message_body: bodies, thread_due: await count('thread_due') };
}

type Ways = Record<'unnest' | 'createMany' | 'copy', number>;

/** Rows per second of each way, the best of some rounds taken in turns on databases of the same state. */
async function compareWays(url: string, say: (line: string) => void): Promise<Ways> {
  const db = openDatabase({ url, maxConnections: 2 });
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  const folder = mkdtempSync(join(tmpdir(), 'waybill-copy-'));
  chmodSync(folder, 0o755);
  const best: Ways = { unnest: 0, createMany: 0, copy: 0 };
  try {
    const now = new Date();
    const [threadId = ''] = await recordThreads(db, { from: THREADS, to: THREADS + 1 }, now, DEFAULT_TIMING);
    let serial = 1_000_000;
    const rows = (): NewMessage[] =>
      Array.from({ length: BATCH }, () => {
        const message = messageAt(serial++, 0, now);
        const id = randomUUID();
        return {
          id,
          message,
          twinGroupId: id,
          messageIdHash: null,
          contentHash: contentHash(message),
          activityAt: now.getTime(),
          backfillId: null,
          admission: { end: 'ignored', reason: 'observed_only' },
        };
      });
    const write: Record<keyof Ways, (batch: NewMessage[]) => Promise<unknown>> = {
      unnest: (batch) =>
        db.transaction(async (tx) => {
          const [thread, source] = [await readThread(tx, threadId), await readSource(tx, SOURCE)];
          const call = { id: threadId, openedAt: now, readingId: threadId, page: 0 };
          const context = {
            threadId,
            thread,
            source,
            firstSeenBy: 'poll',
            adapterVersion: 'bench/1',
            now,
            timing: DEFAULT_TIMING,
          } as const;
          await insertMessages(tx, call, batch, context);
        }),
      createMany: (batch) =>
        prisma.$transaction([
          prisma.message.createMany({ data: batch.map((one) => messageRow(one, threadId, now)), skipDuplicates: true }),
          prisma.messageBody.createMany({ data: batch.map((one) => bodyRow(one, threadId, now)) }),
        ]),
      copy: async (batch) => {
        const files = await writeCopyFiles(folder, batch, threadId, now);
        const begun = performance.now();
        await admin.query('BEGIN');
        for (const { table, columns, path } of files)
          await admin.query(`COPY ${table} (${columns.join(', ')}) FROM '${path}'`);
        await admin.query('COMMIT');
        return performance.now() - begun;
      },
    };
    for (let round = 0; round < ROUNDS; round++) {
      say(`ways to write, round ${round + 1} of ${ROUNDS}`);
      for (const way of ['copy', 'unnest', 'createMany'] as const) {
        const batch = rows();
        const begun = performance.now();
        const counted = await write[way](batch);
        const ms = typeof counted === 'number' ? counted : performance.now() - begun; // writing the file is not the COPY
        best[way] = Math.max(best[way], BATCH / (ms / 1_000));
      }
    }
    return best;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await Promise.all([admin.end(), prisma.$disconnect(), db.close()]);
  }
}

function messageRow({ id, message, twinGroupId, contentHash: hash }: NewMessage, threadId: string, now: Date) {
  return {
    id,
    source: SOURCE,
    providerMessageId: message.providerMessageId,
    threadId,
    twinGroupId,
    channel: message.channel,
    direction: message.direction,
    originAt: message.originAt,
    firstSeenAt: now,
    firstSeenBy: 'poll',
    firstCallId: threadId,
    readingId: threadId,
    activityAt: now,
    arrivalKnown: false,
    contentHash: hash,
    hasBody: true,
    adapterVersion: 'bench/1',
    state: 'ended',
    disposition: 'ignored',
    reason: 'observed_only',
    endedAt: now,
  };
}

function bodyRow({ id, message, contentHash: hash }: NewMessage, threadId: string, now: Date) {
  return {
    messageId: id,
    version: 1,
    recordedAt: now,
    callId: threadId,
    contentHash: hash,
    fromAddress: { ...message.from },
    toAddresses: message.to.map((one) => ({ ...one })),
    subject: message.subject,
    text: message.text,
    html: message.html,
    headers: message.headers,
  };
}

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** COPY's text format; the texts of this world hold neither tabs nor backslashes. */
function cell(value: string | number | boolean | object | null | undefined): string {
  if (value === null || value === undefined) return '\\N';
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

async function writeCopyFiles(folder: string, batch: readonly NewMessage[], threadId: string, now: Date) {
  const tables = {
    message: batch.map((one) => messageRow(one, threadId, now)),
    message_body: batch.map((one) => bodyRow(one, threadId, now)),
  };
  const files: { table: string; columns: string[]; path: string }[] = [];
  for (const [table, rows] of Object.entries(tables)) {
    const path = join(folder, `${table}.txt`);
    const stream = createWriteStream(path, { mode: 0o644 });
    for (const row of rows) stream.write(`${Object.values(row).map(cell).join('\t')}\n`);
    stream.end();
    await once(stream, 'close');
    files.push({ table, columns: Object.keys(rows[0] ?? {}).map(snake), path });
  }
  return files;
}
