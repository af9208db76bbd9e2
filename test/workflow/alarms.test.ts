import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../support/eventually.js';
import { jsonAnswer } from '../support/gateway.js';
import { startRig } from '../support/rig.js';
import { startReceiver, WEBHOOK_SECRET } from '../support/webhook-receiver.js';
import { runCommand } from '../support/worker-process.js';

const MINUTES = 60_000;

it(
  'a provider that fails opens the breaker, people are told once, and all is taken in when it recovers',
  async () => {
    const receiver = await startReceiver([302]); // the first attempt is not taken
    onTestFinished(() => receiver.close());
    const rig = await startRig({
      simulator: { threads: 30, profile: 'documented', seed: 7 },
      env: {
        WAYBILL_ALARM_WEBHOOK_URL: receiver.url,
        WAYBILL_ALARM_WEBHOOK_SECRET: WEBHOOK_SECRET,
        WAYBILL_TIMING_ALARM_EVERY_MS: '1000',
      },
    });
    onTestFinished(rig.release);
    const command = (...args: string[]) => runCommand(args, { env: rig.env, cwd: rig.folder });
    const breaker = async () => {
      const [row] = await rig.query<{ breaker: string }>`SELECT breaker FROM pacer`;
      return row?.breaker;
    };
    let [requests, isBroken] = [0, false];
    rig.gateway.setRule(async (_request, forward) => {
      requests += 1;
      return isBroken ? jsonAnswer(503, { error: 'unavailable' }) : forward();
    });
    isBroken = true;
    await rig.worker.start();
    await eventually('the breaker opens', async () => (await breaker()) === 'open');

    const shown = await command('pacer', '--json');
    expect(shown.code).toBe(1);
    expect(JSON.parse(shown.stdout)).toMatchObject({ sources: [{ source: 'simulator', ceiling: 200 }] });
    const listed = await command('alarms', '--json');
    expect(listed.code).toBe(1);
    // A window that cannot list has its gap told as well.
    const alarms = (JSON.parse(listed.stdout) as { alarms: { id: string; kind: string }[] }).alarms.filter(
      ({ kind }) => kind === 'source_trouble',
    );
    expect(alarms).toMatchObject([{ kind: 'source_trouble', source: 'simulator', subject: 'breaker' }]);
    const id = alarms[0]?.id ?? '';
    expect((await command('alarms', 'ack', id, '--by', 'the one on duty')).code).toBe(0);

    const before = requests;
    isBroken = false;
    await eventually('the breaker closes', async () => (await breaker()) === 'closed');
    expect(requests - before).toBeLessThan(30); // a trickle, not the backlog
    expect(await rig.account()).toMatchObject({ missing: 0, balanced: true });
    const taken = await eventually('the alarm is delivered', async () => {
      const [alarm] = await rig.query<{ at: Date | null; state: string }>`
        SELECT notified_at AS at, state FROM alarm WHERE kind = 'source_trouble'`;
      return alarm?.at ? alarm : null;
    });
    expect(taken.state).toBe('quenched');
    expect(receiver.strange).toBe(0);
    const told = receiver.received.filter(({ payload }) => payload.data.kind === 'source_trouble');
    expect(told.length).toBeGreaterThanOrEqual(2);
    expect(new Set(told.map((one) => one.webhookId)).size).toBe(1);
    expect((await command('alarms', 'resolve', id, '--by', 'the one on duty')).code).toBe(0);
    await eventually('nothing else is open', async () => (await command('alarms', 'list')).code === 0);
    expect((await command('alarms', 'show', 'unknown')).code).toBe(1);
    expect((await command('pacer')).code).toBe(0);
  },
  5 * MINUTES,
);
