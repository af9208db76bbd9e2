import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { WaybillError } from '../../../src/domain/failures.js';
import { EVENTS } from '../../../src/telemetry/events.js';
import { createLogger, type LogFields } from '../../../src/telemetry/logger.js';
import { temporalLogger } from '../../../src/telemetry/temporal-logger.js';

const CANARY = 'canary-77c1';
const ADDRESS = 'someone@customer.example.com';

function capture() {
  const lines: string[] = [];
  return { lines, write: (line: string) => void lines.push(line), parsed: () => lines.map((line) => JSON.parse(line)) };
}

/** Fields as they come from code that the compiler did not check: an older build, a cast, workflow code. */
const unchecked = (fields: Record<string, unknown>) => fields as unknown as LogFields<'message.parked'>;

const failure = () =>
  Object.assign(new Error(`cannot parse ${CANARY} of ${ADDRESS}`, { cause: new Error(CANARY) }), {
    body: CANARY,
    code: 'ECONNRESET',
  });

describe('createLogger', () => {
  test('a line carries level, time, subsystem, event, its listed fields and the text of the event', () => {
    const sink = capture();
    createLogger({ subsystem: 'intake', destination: sink }).warn({
      event: 'message.parked',
      messageId: 'm1',
      reason: 'decision_failed',
    });
    expect(sink.parsed()).toEqual([
      expect.objectContaining({
        level: 'warn',
        subsystem: 'intake',
        event: 'message.parked',
        messageId: 'm1',
        reason: 'decision_failed',
        msg: EVENTS['message.parked'].doc,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      }),
    ]);
  });

  test('planted secrets and customer text never reach a line, while a plain logger would print them', () => {
    const fields = {
      event: 'message.parked',
      messageId: 'm1',
      body: CANARY,
      from: { email: ADDRESS },
      headers: { authorization: `Bearer ${CANARY}` },
      reason: `said ${ADDRESS}`,
      step: { text: CANARY },
      error: failure(),
    };
    const control = capture();
    pino({}, control).warn(fields, 'message parked');
    expect(control.lines.join('')).toContain(CANARY);
    expect(control.lines.join('')).toContain(ADDRESS);

    const sink = capture();
    const log = createLogger({ subsystem: 'lifecycle', destination: sink });
    log.warn(unchecked(fields), 'message parked');
    expect(sink.lines.join('')).not.toContain(CANARY);
    expect(sink.lines.join('')).not.toContain(ADDRESS);
    expect(sink.parsed()[0]).toMatchObject({
      reason: 'said [address]',
      droppedFields: 4,
      errorType: 'Error',
      errorCode: 'ECONNRESET',
    });
    expect(log.droppedFields()).toBe(4);
  });

  test('an error is reduced to its type and code, found along its causes', () => {
    const sink = capture();
    const log = createLogger({ subsystem: 'provider', destination: sink });
    log.error({ event: 'call.failed', error: new WaybillError('SourceTrouble', CANARY, { code: '503' }) });
    log.error({ event: 'call.failed', error: new Error(CANARY, { cause: new WaybillError('SourceTimeout', CANARY) }) });
    log.error({ event: 'call.failed', error: CANARY });
    log.error({
      event: 'call.failed',
      error: Object.assign(new Error('x'), { name: `${CANARY} ${ADDRESS}`, code: `a b ${CANARY}` }),
    });
    expect(sink.parsed().map(({ errorType, errorCode }) => [errorType, errorCode])).toEqual([
      ['SourceTrouble', '503'],
      ['SourceTimeout', undefined],
      ['Unexpected', undefined],
      ['Unexpected', undefined],
    ]);
    expect(sink.lines.join('')).not.toContain(CANARY);
  });

  test('text in a field can neither forge a line nor grow without end', () => {
    const sink = capture();
    createLogger({ subsystem: 'worker', destination: sink, format: 'pretty' }).info({
      event: 'message.ended',
      reason: `a\n[12:00:00] INFO: forged\u2028\u0007${'x'.repeat(10_000)}`,
    });
    const text = sink.lines.join('');
    expect(text.trimEnd().split(/[\n\u2028]/)).toHaveLength(1);
    expect(text.length).toBeLessThan(600);
    expect(text).toContain('worker message.ended: ');
  });

  test('a line below the level is not written, and its fields are not counted', () => {
    const sink = capture();
    const log = createLogger({ subsystem: 'api', level: 'warn', destination: sink });
    log.info(unchecked({ event: 'message.parked', body: 'x' }));
    expect(sink.lines).toEqual([]);
    expect(log.droppedFields()).toBe(0);
    expect([log.isEnabled('info'), log.isEnabled('error')]).toEqual([false, true]);
  });

  test('the compiler refuses an unknown event, a field that is not listed and a message put together at run time', () => {
    const log = createLogger({ subsystem: 'worker', level: 'silent', destination: capture() });
    // @ts-expect-error the event is not in the catalogue
    log.info({ event: 'message.exploded' });
    // @ts-expect-error a line without an event
    log.info({ messageId: 'm1' });
    // @ts-expect-error the field is not listed for this event
    log.info({ event: 'message.parked', subject: 'x' });
    const subject: string = 'x';
    // @ts-expect-error a message is a constant
    log.info({ event: 'message.parked', messageId: 'm1' }, `parked ${subject}`);
    log.info({ event: 'message.parked', messageId: 'm1' }, 'message parked');
    expect(log.subsystem).toBe('worker');
  });
});

describe('temporalLogger', () => {
  test('lines of the SDK keep message and level, and of their fields only the listed ones', () => {
    const sink = capture();
    const log = temporalLogger(createLogger({ subsystem: 'temporal', level: 'trace', destination: sink }));
    log.warn('Activity failed', {
      sdkComponent: 'worker',
      workflowId: 'message/simulator/1',
      activityType: 'listPage',
      taskQueue: 'source.simulator',
      attempt: 2,
      error: failure(),
      details: { payload: CANARY },
      header: CANARY,
      [Symbol('task')]: CANARY,
    });
    log.log('TRACE', `polling for ${ADDRESS}`);
    expect(sink.parsed()[0]).toMatchObject({
      level: 'warn',
      event: 'sdk.reported',
      msg: 'Activity failed',
      workflowId: 'message/simulator/1',
      activityType: 'listPage',
      attempt: 2,
      errorType: 'Error',
      droppedFields: 2,
    });
    expect(sink.parsed()[1]).toMatchObject({ level: 'trace', msg: 'polling for [address]' });
    expect(sink.lines.join('')).not.toContain(CANARY);
  });

  test('workflow code that names an event of the catalogue gets the fields of that event', () => {
    const sink = capture();
    temporalLogger(createLogger({ subsystem: 'temporal', destination: sink })).info('message ended', {
      event: 'message.ended',
      workflowId: 'w',
      messageId: 'm1',
      disposition: 'answered',
      text: CANARY,
    });
    expect(sink.parsed()[0]).toMatchObject({
      event: 'message.ended',
      workflowId: 'w',
      messageId: 'm1',
      disposition: 'answered',
      droppedFields: 1,
    });
    expect(sink.lines.join('')).not.toContain(CANARY);
  });
});
