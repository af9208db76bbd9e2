import { Webhook } from 'standardwebhooks';
import { Agent } from 'undici';
import { ALARM_KINDS } from '../domain/alarms.js';
import { WaybillError } from '../domain/failures.js';
import type { DeskAlarm } from '../ledger/alarm-desk.js';

export interface AlarmSink {
  /**
   * Hands one alarm over: one request, no redirect followed. The same alarm has the same webhook-id however often it is sent.
   * @throws WaybillError AlarmUndelivered for anything but a 2xx within the deadline
   */
  deliver(alarm: DeskAlarm, now: Date): Promise<void>;
  /** Hands over something else that people want to hear of, in the same way. @throws WaybillError AlarmUndelivered */
  tell(word: { id: string; type: string; data: object }, now: Date): Promise<void>;
}

/** What the receiver gets. Ids, counts and instants, as the evidence of an alarm has them; never content. */
const payloadOf = (
  { id, kind, source, subject, state, evidence, raises, raisedAt, lastRaisedAt }: DeskAlarm,
  now: Date,
) => ({
  type: 'waybill.alarm',
  timestamp: now.toISOString(),
  data: {
    id,
    kind,
    meaning: ALARM_KINDS[kind],
    source,
    subject,
    state,
    evidence,
    raises,
    raisedAt: raisedAt.toISOString(),
    lastRaisedAt: lastRaisedAt.toISOString(),
    runbook: `docs/reference/alarms.md#${kind}`,
  },
});

/** A receiver of alarms by webhook, signed as Standard Webhooks says (webhook-id, webhook-timestamp, webhook-signature). */
export function createAlarmSink({ url, secret }: { url: string; secret: string }, deadlineMs: number): AlarmSink {
  const target = new URL(url);
  const signer = new Webhook(secret);
  const agent = new Agent({ pipelining: 0, headersTimeout: 0, bodyTimeout: 0, connect: { timeout: deadlineMs } });
  return {
    deliver: (alarm, now) =>
      hand(`${alarm.id}.${alarm.notifyAt.getTime()}`, JSON.stringify(payloadOf(alarm, now)), now),
    tell: ({ id, type, data }, now) => hand(id, JSON.stringify({ type, timestamp: now.toISOString(), data }), now),
  };

  async function hand(id: string, body: string, now: Date): Promise<void> {
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'waybill',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': signer.sign(id, now, body),
    };
    const status = await post(agent, target, { headers, body, deadlineMs });
    if (status < 200 || status > 299)
      throw new WaybillError('AlarmUndelivered', `The receiver of the alarms answered ${status}.`, {
        code: String(status),
      });
  }
}

async function post(
  agent: Agent,
  target: URL,
  { headers, body, deadlineMs }: { headers: Record<string, string>; body: string; deadlineMs: number },
): Promise<number> {
  try {
    const answer = await agent.request({
      origin: target.origin,
      path: target.pathname + target.search,
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.timeout(deadlineMs),
    });
    answer.body.on('error', () => {});
    answer.body.destroy(); // the status is the answer
    return answer.statusCode;
  } catch (cause) {
    throw new WaybillError('AlarmUndelivered', 'The receiver of the alarms did not answer.', { cause });
  }
}
