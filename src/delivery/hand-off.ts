import { plainText } from '../classify/plain-text.js';
import { beforeAnswerFrom } from '../domain/admission.js';
import { nextDeliveryMs } from '../domain/alarms.js';
import type { Clock } from '../domain/clock.js';
import { WaybillError } from '../domain/failures.js';
import { type HandOffState, MOST_HAND_OFF_ATTEMPTS } from '../domain/hand-offs.js';
import { outcomeUrl, type Platform } from '../domain/platform.js';
import type { Timing } from '../domain/timing.js';
import { finishCall, type OpenCall, openCall } from '../ledger/calls.js';
import type { Database, Sql } from '../ledger/database.js';
import { readDecision } from '../ledger/decisions.js';
import {
  acknowledgeHandOff,
  beginHandOff,
  extendHandOff,
  type HandOff,
  holdHandOff,
  refuseHandOff,
  withdrawHandOff,
} from '../ledger/hand-offs.js';
import { lockMessage } from '../ledger/hold-messages.js';
import { type CarriedMessage, isToldAnew, readContent, waitMessage } from '../ledger/lifecycles.js';
import { isStoppedIn, modeIn, readSending, scopeOf } from '../ledger/modes.js';
import type { Thread } from '../ledger/visits.js';
import type { Courtesy } from '../sources/courtesy.js';
import { isRefusal, type PlatformClient } from '../sources/platform/client.js';
import { makeRecorded } from '../sources/provider-call.js';
import { ProviderFailure } from '../sources/source.js';
import { refuseLate } from './refuse-late.js';

export interface HandOffDeps {
  db: Database;
  clock: Clock;
  timing: Timing;
  courtesy?: Courtesy;
  platformOf(name: string): Platform;
  platformClientOf(name: string): PlatformClient;
}

/** `over`: nothing is left to send; `hold`: sending is stopped, look again then. */
export type Delivered =
  | { kind: 'acknowledged'; until: string }
  | { kind: 'hold'; until: string }
  | { kind: 'over'; state: HandOffState | null };

/**
 * One attempt to hand a message to its platform. Whether it may leave is asked in the transaction that opens its call; the same
 * webhook id goes with every attempt, so that a platform knows a repeated one.
 * @throws WaybillError with the wait before the next attempt; SourceBlocked, SourceStopped before anything leaves
 */
export async function deliverHandOff(deps: HandOffDeps, messageId: string): Promise<Delivered> {
  const { db, clock } = deps;
  const begun = await begin(deps, messageId);
  if ('kind' in begun) return begun;
  const { handOff, call, askedAt, body, platform } = begun;
  const calls = { ...deps, clientOf: deps.platformClientOf };
  try {
    const { status } = await makeRecorded(calls, handOff.platform, call, (client: PlatformClient) => {
      refuseLate(clock.now().getTime() - askedAt.getTime(), deps.timing);
      return client.handOff({ webhookId: handOff.webhookId, body });
    });
    return await recordTaken(deps, { messageId, call, status, platform });
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    const { type, message, code, callId, status, retryAfterMs } = error;
    const attempts = handOff.attempts + 1;
    if (isRefusal(status) || attempts >= MOST_HAND_OFF_ATTEMPTS) {
      const refused = await db.transaction((tx) => refuseHandOff(tx, messageId, clock.now()));
      return { kind: 'over', state: refused ? 'refused' : null };
    }
    throw new WaybillError(type, message, {
      cause: error,
      retryAfterMs: Math.max(nextDeliveryMs(attempts), retryAfterMs ?? 0),
      ...(code ? { code } : {}),
      ...(callId ? { callId } : {}),
    });
  }
}

interface Begun {
  handOff: HandOff;
  call: OpenCall;
  /** When it was asked for the last time whether sending is stopped. */
  askedAt: Date;
  body: string;
  platform: Platform;
}

async function begin({ db, clock, timing, platformOf }: HandOffDeps, messageId: string): Promise<Begun | Delivered> {
  const now = clock.now();
  return db.transaction(async (tx) => {
    const { message, thread } = await lockMessage(tx, messageId);
    const handOff = await holdHandOff(tx, messageId);
    if (handOff?.state === 'acknowledged') return { kind: 'acknowledged', until: handOff.deadlineAt.toISOString() };
    if (handOff?.state !== 'pending' && handOff?.state !== 'sending')
      return { kind: 'over', state: handOff?.state ?? null };
    // Other words came under it before anything left: what is asked for now is decided on those.
    const outdated = handOff.attempts === 0 && (await isToldAnew(tx, messageId));
    const askedAt = clock.now();
    const may = outdated ? 'no' : await mayLeave(tx, message, thread);
    if (may !== 'yes') return holdBack(tx, handOff, may, { now, timing });
    if (handOff.deadlineAt <= now || handOff.attempts >= MOST_HAND_OFF_ATTEMPTS) return refuse(tx, handOff, now);
    const platform = platformOf(handOff.platform);
    const call = await openCall(tx, {
      source: handOff.platform,
      operation: 'handOff',
      parameters: { webhookId: handOff.webhookId },
      threadId: message.threadId,
      messageId,
      readingId: null,
      page: 0,
      attempt: handOff.attempts + 1,
      now,
    });
    await beginHandOff(tx, messageId);
    return {
      handOff,
      call,
      askedAt,
      platform,
      body: JSON.stringify(await payloadOf(tx, { message, thread, platform, now })),
    };
  });
}

/** `stopped`: for now; `no`: its message is over, or its mode or age forbids it. */
async function mayLeave(tx: Sql, message: CarriedMessage, thread: Thread): Promise<'yes' | 'stopped' | 'no'> {
  if (message.state !== 'waiting' && message.state !== 'carried') return 'no';
  const scope = await scopeOf(tx, message);
  const sending = await readSending(tx, message.source);
  if (modeIn(sending, scope) !== 'live') return 'no';
  const stamps = {
    originAt: message.originAt?.getTime() ?? null,
    firstSeenAt: message.firstSeenAt.getTime(),
    threadCreatedAt: thread.createdAt.getTime(),
  };
  if (beforeAnswerFrom(stamps, sending.answerFrom?.getTime() ?? null)) return 'no';
  return isStoppedIn(sending, scope) ? 'stopped' : 'yes';
}

/** What never left is taken back, and its message decided anew; what may have been taken is not sent again. */
async function holdBack(
  tx: Sql,
  handOff: HandOff,
  why: 'stopped' | 'no',
  { now, timing }: { now: Date; timing: Timing },
): Promise<Delivered> {
  if (handOff.attempts === 0) {
    await withdrawHandOff(tx, handOff.messageId);
    return { kind: 'over', state: 'withdrawn' };
  }
  if (why === 'no') return refuse(tx, handOff, now);
  await extendHandOff(tx, handOff.messageId, new Date(now.getTime() + timing.handOffTakeMs));
  return { kind: 'hold', until: new Date(now.getTime() + timing.stoppedRetryMs).toISOString() };
}

async function refuse(tx: Sql, { messageId }: HandOff, now: Date): Promise<Delivered> {
  await refuseHandOff(tx, messageId, now);
  return { kind: 'over', state: 'refused' };
}

/** What the platform gets: references of ours and the provider's, and content only where the platform is configured for it. */
async function payloadOf(
  tx: Sql,
  { message, thread, platform, now }: { message: CarriedMessage; thread: Thread; platform: Platform; now: Date },
) {
  const decision = await readDecision(tx, message.id);
  const content = platform.withContent ? await readContent(tx, message.id) : null;
  return {
    type: 'waybill.hand_off',
    timestamp: now.toISOString(),
    data: {
      message: message.id,
      source: message.source,
      channel: message.channel,
      route: message.route,
      label: decision?.label ?? null,
      playbook: decision?.playbook ?? null,
      thread: { id: thread.id, provider: thread.providerThreadId },
      outcomeUrl: outcomeUrl(platform, message.id),
      outcomeWithinMs: platform.outcomeWithinMs,
      ...(content ? { content: { from: content.from, subject: content.subject, text: plainText(content) } } : {}),
    },
  };
}

interface Taken {
  messageId: string;
  call: OpenCall;
  status: number;
  platform: Platform;
}

const NOTHING = { rows: 0, known: 0, stored: 0, parked: 0, rejected: 0, ids: [], nextCursor: null, unknownFields: {} };

async function recordTaken(
  { db, clock }: HandOffDeps,
  { messageId, call, status, platform }: Taken,
): Promise<Delivered> {
  const now = clock.now();
  const deadlineAt = new Date(now.getTime() + platform.outcomeWithinMs);
  return db.transaction(async (tx) => {
    const { message } = await lockMessage(tx, messageId);
    await finishCall(tx, call, { ...NOTHING, status }, now);
    const fact = { messageId, carry: message.carry, now, deadlineAt, callId: call.id };
    if (!(await acknowledgeHandOff(tx, fact))) {
      const handOff = await holdHandOff(tx, messageId); // the outcome came first
      return { kind: 'over', state: handOff?.state ?? null };
    }
    if (message.waitingKind === 'outcome') await waitMessage(tx, message, 'outcome', deadlineAt, now);
    return { kind: 'acknowledged', until: deadlineAt.toISOString() };
  });
}
