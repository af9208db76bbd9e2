import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { createErrorInterceptor } from '../../../src/activities/interceptors.js';
import { WaybillError } from '../../../src/domain/failures.js';
import { DEFAULT_TIMING } from '../../../src/domain/timing.js';
import { openDatabase } from '../../../src/ledger/database.js';
import { createLogger, type Logger } from '../../../src/telemetry/logger.js';

const CANARY = 'canary-7f3a of customer@example.com';

/** A ledger that is out of reach: the failure has to be reported all the same. */
const unreachable = openDatabase({ url: 'postgresql://nobody@127.0.0.1:1/nothing' });
afterAll(() => unreachable.close());
const quiet = createLogger({ subsystem: 'provider', level: 'silent' });

async function failureOf(error: unknown, log: Logger = quiet): Promise<unknown> {
  const inbound = createErrorInterceptor({
    db: unreachable,
    clock: { now: () => new Date(0) },
    timing: DEFAULT_TIMING,
    log: { intake: log, lifecycle: log, delivery: log, provider: log, backfill: log },
  });
  const environment = new MockActivityEnvironment({}, { interceptors: [() => ({ inbound })] });
  return environment
    .run(async () => {
      throw error;
    })
    .then(
      () => expect.fail('the activity has to fail'),
      (failure: unknown) => failure,
    );
}

test('a failure carries type, code and the call, and neither message nor stack nor cause', async () => {
  const cause = new Error(CANARY);
  const failure = await failureOf(new WaybillError('SourceTrouble', CANARY, { code: '500', callId: 'call-1', cause }));
  expect(failure).toBeInstanceOf(ApplicationFailure);
  const { message, type, details, stack, nonRetryable, cause: carried } = failure as ApplicationFailure;
  expect({ message, type, details, nonRetryable }).toEqual({
    message: 'SourceTrouble (500)',
    type: 'SourceTrouble',
    details: [{ callId: 'call-1' }],
    nonRetryable: false,
  });
  expect(carried).toBeUndefined();
  expect(stack ?? '').not.toContain('canary');
});

test('an error that no rule names gives only that away', async () => {
  const failure = (await failureOf(new TypeError(CANARY))) as ApplicationFailure;
  expect([failure.message, failure.type, failure.details, failure.stack]).toEqual(['Unexpected', 'Unexpected', [], '']);
});

test('a pause of the provider becomes the delay before the next attempt, with jitter on top', async () => {
  const failure = (await failureOf(
    new WaybillError('SourceBlocked', 'paused', { retryAfterMs: 20_000 }),
  )) as ApplicationFailure;
  const delay = Number(failure.nextRetryDelay);
  expect(delay).toBeGreaterThanOrEqual(20_000);
  expect(delay).toBeLessThan(22_000);
});

test('what cannot be helped by another attempt is not retried', async () => {
  const failure = (await failureOf(
    new WaybillError('SourceNotFound', CANARY, { retryable: false }),
  )) as ApplicationFailure;
  expect(failure.nonRetryable).toBe(true);
});

test('a statement that Postgres refuses for good is ours, one that passes with time is not', async () => {
  const refusal = (code: string) => Object.assign(new pg.DatabaseError(CANARY, 1, 'error'), { code });
  const ours = (await failureOf(refusal('23505'))) as ApplicationFailure;
  expect([ours.message, ours.type]).toEqual(['Unexpected (23505)', 'Unexpected']);
  const passing = (await failureOf(refusal('40P01'))) as ApplicationFailure;
  expect([passing.message, passing.type]).toEqual(['LedgerUnavailable (40P01)', 'LedgerUnavailable']);
});

test('a Postgres that is out of reach is said to be, with what the system says of it', async () => {
  const failure = (await failureOf(
    await unreachable.$queryRaw`SELECT 1`.catch((error: unknown) => error),
  )) as ApplicationFailure;
  expect([failure.message, failure.type, failure.nonRetryable]).toEqual([
    'LedgerUnavailable (ECONNREFUSED)',
    'LedgerUnavailable',
    false,
  ]);
});

test('a failure that no ledger took is logged by type and code, of the step and of the ledger, and by nothing else', async () => {
  const lines: string[] = [];
  const heard = createLogger({ subsystem: 'provider', destination: { write: (line) => void lines.push(line) } });
  await failureOf(new WaybillError('SourceTrouble', CANARY, { code: '503' }), heard);
  const [line = ''] = lines.filter((one) => one.includes('failure.unrecorded'));
  expect(JSON.parse(line)).toMatchObject({
    level: 'error',
    type: 'SourceTrouble',
    code: '503',
    errorType: 'LedgerUnavailable',
    errorCode: 'ECONNREFUSED',
    attempt: 1,
  });
  expect(line).not.toContain('canary');
});

test('a cancellation stays one', async () => {
  expect(await failureOf(new CancelledFailure('stopped'))).toBeInstanceOf(CancelledFailure);
});
