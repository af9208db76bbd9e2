import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { ActivityDeps } from '../../src/activities/deps.js';
import { createLedgerSteps } from '../../src/activities/ledger-steps.js';
import { createProbeCalls } from '../../src/activities/probe-calls.js';
import { createProbeSteps } from '../../src/activities/probe-steps.js';
import { createSourceCalls } from '../../src/activities/source-calls.js';
import { judgeClaims } from '../../src/assurance/probes/judge-claims.js';
import { ruleClassifier } from '../../src/classify/rules.js';
import { exhaustInterval } from '../../src/domain/exhaust.js';
import { WaybillError } from '../../src/domain/failures.js';
import { PROBE_REF_PREFIX } from '../../src/domain/identity.js';
import { DEFAULT_TIMING, type Timing } from '../../src/domain/timing.js';
import { postgresStore } from '../../src/ledger/attachment-store.js';
import { type ClaimRow, readClaims } from '../../src/ledger/claims.js';
import { openDatabase } from '../../src/ledger/database.js';
import { ensurePartitions } from '../../src/ledger/partitions.js';
import { bindSource } from '../../src/ledger/sources.js';
import { unusableChooser } from '../../src/playbooks/set-chooser.js';
import { ODDITIES, type OddityName, type Profile } from '../../src/simulator/oddities.js';
import { startSimulator } from '../../src/simulator/server.js';
import { createCourtesy } from '../../src/sources/courtesy.js';
import { ADAPTER_VERSION, createDashboardClient } from '../../src/sources/dashboard/client.js';
import { simulatorSender } from '../../src/sources/inbound-sender.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { probeActively } from '../../src/workflows/probing/procedure.js';

/**
 * A simulated dashboard, the ledger and the probes on one clock that is turned by hand: two days pass in seconds. The steps are the
 * product's own activities and procedures; only Temporal is not there, so that waits and retries are turns of the clock.
 */

/** A failed attempt is expected here, and stands in the ledger. */
const quiet = new DefaultLogger('ERROR', () => {});
const SOURCE = 'simulator';
const TOKEN = 'token-of-the-lab';
const CONTROL = 'control-of-the-lab';
const START = Date.parse('2026-06-15T12:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** No two things happen at the same instant. */
const CALL_MS = 7;

/** Rates at which each oddity shows in a small world within hours; those that always show keep theirs. */
const RATES: Partial<Record<OddityName, number>> = {
  'late-listing': 0.15,
  'shuffled-listing': 0.12,
  'narrow-window-hides': 0.2,
  'late-body': 0.4,
  'vanishing-message': 0.15,
  'merged-threads': 0.15,
  'broken-reply': 0.5,
  'delayed-reply': 0.5,
  'attachment-size-lies': 0.5,
  'attachment-link-expires': 0.5,
  'bare-429': 0.02,
  'html-error-page': 0.02,
  'truncated-json': 0.02,
  'empty-list': 0.15,
  'hanging-answer': 0.004,
  'broken-body': 0.02,
  'empty-body': 0.1,
  'null-subject': 0.1,
  'unreadable-sender': 0.1,
  'short-outage': 0.15,
};

export interface LabOptions {
  /** An empty ledger, migrated. */
  databaseUrl: string;
  seed: number;
  profile: Profile;
  /** Switched on besides those of the profile. */
  only?: OddityName;
  rates?: Partial<Record<OddityName, number>>;
}

export interface LabResult {
  claims: ClaimRow[];
  /** Claims that were refuted and are not broken, and those that are broken and were not refuted. */
  wrong: string[];
  leftOut: string[];
  calls: number;
}

const TIMING: Timing = {
  ...DEFAULT_TIMING,
  // Deadlines of real requests; everything else passes on the turned clock.
  callDeadlineMs: 1_500,
  attachmentDeadlineMs: 1_500,
  sendDeadlineMs: 1_200,
  probeScanMs: 30 * 24 * HOUR,
};

export async function runLab(options: LabOptions): Promise<LabResult> {
  let at = START;
  const clock = { now: () => new Date(at) };
  const turn = (ms: number) => {
    at += ms;
  };
  const simulator = await startSimulator({
    token: TOKEN,
    controlToken: CONTROL,
    clock,
    rateLimit: 0,
    threads: 180,
    days: 364,
    seed: options.seed,
    trafficPerHour: 45,
    profile: options.profile,
    rates: { ...RATES, ...options.rates },
    ...(options.only ? { oddities: { [options.only]: true } } : {}),
  });
  const db = openDatabase({ url: options.databaseUrl, maxConnections: 4 });
  const courtesy = createCourtesy({ db, clock, timing: TIMING, wake: async () => {} });
  const onPause = (ms: number | undefined) => courtesy.pause(SOURCE, ms);
  const client = createDashboardClient({ origin: simulator.url, token: TOKEN, ...TIMING, clock, onPause });
  try {
    await ensurePartitions((sql) => db.run(sql), clock.now());
    await bindSource(db, {
      name: SOURCE,
      kind: 'dashboard',
      origin: 'simulator',
      mailboxGroup: 'main',
      ratePerSecond: 100,
      firstMode: 'live',
      mode: 'live',
      answerFrom: new Date(0),
      now: clock.now(),
    });
    const log = createLogger({ subsystem: 'intake', level: 'silent', format: 'ndjson' });
    const nobody = () => {
      throw new Error('the laboratory probes a dashboard and nothing else');
    };
    const deps: ActivityDeps = {
      db,
      clock,
      timing: TIMING,
      temporal: { schedule: { getHandle: () => ({ trigger: async () => {} }) } } as never,
      log: { intake: log, lifecycle: log, delivery: log, provider: log, backfill: log },
      figuresBefore: async () => null,
      ownAddresses: new Set(),
      courtesy,
      classifier: ruleClassifier,
      playbooks: unusableChooser('the lab decides nothing'),
      alarmSink: null,
      attachments: { wanted: false, maxBytes: 1_000_000, store: postgresStore },
      clientOf: () => client,
      adapterVersionOf: () => ADAPTER_VERSION,
      calling: null,
      phoneOf: () => {
        throw new Error('the lab makes no calls');
      },
      senderOf: () => simulatorSender({ url: simulator.url, token: CONTROL }),
      caseNotes: false,
      drawDigest: nobody,
      platformOf: nobody,
      platformClientOf: nobody,
      judgeClaims: (source) => judgeClaims({ db, clock, timing: TIMING }, source),
    };
    let run = 0;
    const asActivities = <T extends object>(made: T): T =>
      Object.fromEntries(
        Object.entries(made as Record<string, (payload: unknown) => Promise<unknown>>).map(([name, work]) => [
          name,
          (payload: unknown) => {
            turn(CALL_MS);
            return attempt(() => inActivity(work, payload, `run ${run}`), turn);
          },
        ]),
      ) as T;
    const calls = asActivities(createSourceCalls(deps));
    const ledger = asActivities(createLedgerSteps(deps));
    const probes = asActivities(createProbeCalls(deps));
    const steps = asActivities(createProbeSteps(deps));

    const intake = async () => {
      run += 1;
      await readWindow(ledger, calls, clock.now().toISOString());
      await readDue(ledger, calls);
    };
    await intake();
    for (let quarter = 0; quarter < 16; quarter++) {
      turn(15 * MINUTE);
      await intake();
    }
    await stopTraffic(simulator.url);
    for (const hours of [2, 4, 8, 24]) {
      turn(hours * HOUR);
      await intake();
    }
    const leftOut: string[] = [];
    await probeActively({
      source: SOURCE,
      probeId: `${PROBE_REF_PREFIX}lab`,
      timing: TIMING,
      calls: probes,
      steps,
      now: () => at,
      pause: async (ms) => turn(ms),
      say: () => {},
      part: async (name, work) => {
        try {
          await work();
        } catch (error) {
          if (!(error instanceof WaybillError)) throw error;
          leftOut.push(name);
        }
      },
    });
    turn(15 * MINUTE);
    await intake();
    await steps.judgeClaims({ source: SOURCE });
    const [count] = await db.$queryRaw<{ n: number }[]>`SELECT count(*)::int AS n FROM provider_call`;
    const claims = await readClaims(db, SOURCE, clock.now());
    return { claims, wrong: differences(claims, options), leftOut, calls: count?.n ?? 0 };
  } finally {
    await client.close();
    await db.close();
    await simulator.close();
  }
}

function differences(claims: readonly ClaimRow[], { profile, only }: LabOptions): string[] {
  const isOn = ({ name, profiles }: (typeof ODDITIES)[number]) => name === only || profiles.includes(profile);
  const broken = new Set<string>(ODDITIES.filter(isOn).map((oddity) => oddity.breaks));
  const refuted = new Set<string>(claims.filter((one) => one.verdict === 'refuted').map((one) => one.claim));
  return [
    ...[...refuted].filter((claim) => !broken.has(claim)).map((claim) => `refuted without cause: ${claim}`),
    ...[...broken].filter((claim) => !refuted.has(claim)).map((claim) => `not refuted: ${claim}`),
  ];
}

async function stopTraffic(url: string): Promise<void> {
  const answer = await fetch(`${url}/control/traffic`, {
    method: 'POST',
    headers: { authorization: `Bearer ${CONTROL}` },
    body: JSON.stringify({ perHour: 0 }),
  });
  if (!answer.ok) throw new Error(`the simulator refused to stop its traffic: ${answer.status}`);
}

const inActivity = async (work: (payload: unknown) => Promise<unknown>, payload: unknown, runId: string) =>
  new MockActivityEnvironment({ workflowExecution: { workflowId: 'lab', runId } }, { logger: quiet }).run(
    work,
    payload,
  );

/** As the server retries an activity: a little later each time, and after a pause that the provider asked for. */
async function attempt<T>(work: () => Promise<T>, turn: (ms: number) => void): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof WaybillError) || !error.retryable || tried >= 12) throw error;
      turn(error.retryAfterMs ?? Math.min(60_000, 1_000 * 2 ** tried));
    }
  }
}

type LedgerSteps = ReturnType<typeof createLedgerSteps>;
type SourceCalls = ReturnType<typeof createSourceCalls>;

/** One polling window: every owed interval, read anew where its rows moved. */
async function readWindow(ledger: LedgerSteps, calls: SourceCalls, scheduledAt: string): Promise<void> {
  const window = await ledger.openWindow({ source: SOURCE, scheduledAt });
  for (const interval of window.owed) {
    await exhaustInterval(
      (position) => calls.listPage({ source: SOURCE, windowId: window.id, interval, ...position }),
      (error) => {
        if (!(error instanceof WaybillError)) throw error;
        return error.type;
      },
    );
  }
  await ledger.closeWindow({ windowId: window.id });
}

/** Visits until nothing is due. */
async function readDue(ledger: LedgerSteps, calls: SourceCalls): Promise<void> {
  const { id: roundId } = await ledger.openRound({ source: SOURCE });
  for (;;) {
    const { threads } = await ledger.dueBatch({ source: SOURCE, limit: 500 });
    if (threads.length === 0) return;
    for (const threadId of threads) {
      const read = (position: { afterCall?: string; confirm?: string }) =>
        calls.readThreadPage({ source: SOURCE, roundId, threadId, ...position });
      await readWhole(read, () => ledger.postponeVisit({ threadId }));
    }
  }
}

type Reading = (position: { afterCall?: string; confirm?: string }) => ReturnType<SourceCalls['readThreadPage']>;

/** One thread, read anew where its rows moved; what cannot be read is put off. */
async function readWhole(read: Reading, postpone: () => Promise<unknown>): Promise<void> {
  for (let reading = 0; reading < 3; reading++) {
    let page = await read({});
    while (page.next === 'more') page = await read({ afterCall: page.callId });
    if (page.next === 'confirm') page = await read({ confirm: page.readingId });
    if (page.next === 'missing') break;
    if (page.next !== 'shifted') return;
  }
  await postpone();
}
