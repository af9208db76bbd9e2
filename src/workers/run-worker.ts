import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { NativeConnection, Runtime } from '@temporalio/worker';
import type { ActivityDeps } from '../activities/deps.js';
import { isBehindItsDatabase, setQueueRate } from '../activities/queue-rate.js';
import { figuresBefore } from '../assurance/backfill/before.js';
import { readDigest } from '../assurance/digest.js';
import { judgeClaims } from '../assurance/probes/judge-claims.js';
import type { Config } from '../config/config.js';
import { temporalConnection } from '../config/temporal-connection.js';
import { createAlarmSink } from '../delivery/alarm-sink.js';
import { systemClock } from '../domain/clock.js';
import { WaybillError } from '../domain/failures.js';
import { auditWorkflowId, MODEL_SOURCE } from '../domain/identity.js';
import { queueRate } from '../domain/pacing.js';
import { postgresStore, s3Store } from '../ledger/attachment-store.js';
import { checkDatabase, type Database, openDatabase } from '../ledger/database.js';
import { refuseOtherSchema } from '../ledger/migrate.js';
import { readPacer } from '../ledger/pacers.js';
import { bindSource } from '../ledger/sources.js';
import { partiesFor, STARTER_FOLDER } from '../playbooks/folder.js';
import { unusableChooser } from '../playbooks/set-chooser.js';
import { createCourtesy } from '../sources/courtesy.js';
import { createLogger } from '../telemetry/logger.js';
import { temporalLogger } from '../telemetry/temporal-logger.js';
import { readBuildId } from './bundle-files.js';
import { alarmOnState, configuredClassifier, configuredModel, knownLabels } from './configured-classifier.js';
import { configuredProviders } from './configured-providers.js';
import { configuredSources } from './configured-sources.js';
import { connectProviders } from './connect-providers.js';
import { createWorkers } from './create-workers.js';
import { followPlaybooks } from './follow-playbooks.js';
import { inboundSenderOf } from './inbound-sender.js';
import { callingSetup } from './phone-provider.js';
import { configuredParties } from './platforms.js';
import { chooseRoles, rolesOf } from './roles.js';
import { schedulesWanted } from './schedules-wanted.js';
import { setCurrentVersion } from './set-current-version.js';
import { ensureSchedules, missingSearchAttributes, triggerSchedules, wakePacer } from './temporal-setup.js';

export interface WorkerRun {
  config: Config;
  /** Postgres of the ledger. */
  databaseUrl: string;
  /** `intake`, `lifecycle`, `source:<name>`, `providers` for all that is called besides dashboards; null takes all. */
  roles: readonly string[] | null;
  /** Run every Schedule once as soon as the worker takes tasks. */
  trigger: boolean;
  /** Aborted when the worker is to drain and stop. */
  stop: AbortSignal;
  onReady(): void;
}

/** Takes tasks until `stop` is aborted, then drains. Refuses to start, in one sentence, where something is missing. */
export async function runWorker(run: WorkerRun): Promise<void> {
  const { config } = run;
  const releases: (() => Promise<unknown>)[] = [];
  const logOf = (subsystem: 'worker' | 'intake' | 'lifecycle' | 'delivery' | 'provider' | 'backfill' | 'temporal') =>
    createLogger({ subsystem, level: config.log.level, format: config.log.format });
  const log = logOf('worker');
  try {
    const buildId = config.worker.buildId ?? readBuildId();
    const sources = configuredSources(config);
    const providers = configuredProviders(config);
    const roles = chooseRoles(run.roles ?? config.worker.roles, sources, providers);
    Runtime.install({
      logger: temporalLogger(logOf('temporal')),
      shutdownSignals: [],
      telemetryOptions: { logging: { forward: {}, filter: 'WARN' } },
    });
    const { connectionOptions, namespace } = await temporalConnection(config);
    const db = openDatabase({ url: run.databaseUrl, maxConnections: 20 });
    releases.push(() => db.close());
    const [connecting, checking] = await Promise.allSettled([
      connectWorker(connectionOptions),
      checkDatabase(db, run.databaseUrl),
    ]);
    if (connecting.status === 'fulfilled') releases.push(() => connecting.value.close());
    if (checking.status === 'rejected') throw checking.reason;
    if (connecting.status === 'rejected') throw connecting.reason;
    const connection = connecting.value;
    const client = new Client({ connection, namespace });
    await refuseWhereMissing(client, run.databaseUrl);
    const courtesy = createCourtesy({
      db,
      clock: systemClock,
      timing: config.timing,
      wake: (source) => wakePacer(client, source),
    });
    const connected = connectProviders(config, roles, courtesy);
    releases.push(connected.close);
    await Promise.all(
      [...roles.sources, ...roles.providers].map(async (source) => {
        const bound = await bindSource(db, source.binding(systemClock.now()));
        await agreeQueueRate(db, client, bound.name);
        log.info({ event: 'source.bound', source: bound.name, mode: bound.mode });
      }),
    );
    // A worker that does not decide asks none.
    const folder = config.playbooks.folder ?? STARTER_FOLDER;
    const playbooks = roles.lifecycle
      ? await followPlaybooks({
          db,
          clock: systemClock,
          folder,
          labels: () => knownLabels(config, db),
          parties: partiesFor(folder, configuredParties(config)),
          everyMs: config.timing.playbooksEveryMs,
          log: logOf('lifecycle'),
        })
      : null;
    if (playbooks) releases.push(() => playbooks.close());
    const onState = alarmOnState({ db, clock: systemClock, log: logOf('lifecycle') });
    const classifier = configuredClassifier({ config, local: { db, clock: systemClock, onState } });
    releases.push(() => classifier.close());
    const deps: ActivityDeps = {
      db,
      clock: systemClock,
      timing: config.timing,
      temporal: client,
      log: {
        intake: logOf('intake'),
        lifecycle: logOf('lifecycle'),
        delivery: logOf('delivery'),
        provider: logOf('provider'),
        backfill: logOf('backfill'),
      },
      ownAddresses: new Set(config.source.ownAddresses),
      courtesy,
      classifier: classifier.chain,
      model: configuredModel(config, (retryAfterMs) => courtesy.pause(MODEL_SOURCE, retryAfterMs)),
      playbooks: playbooks?.chooser ?? unusableChooser('this worker does not decide'),
      alarmSink: config.alarms.url === null ? null : createAlarmSink(config.alarms, config.timing.alarmDeadlineMs),
      attachments: attachmentsOf(config),
      caseNotes: config.caseNotes,
      figuresBefore: (walk) => figuresBefore(db, walk),
      drawDigest: (period) => readDigest(db, period, systemClock.now()),
      ...connected.providers,
      calling: callingSetup(config),
      senderOf: inboundSenderOf(config),
      forms: config.forms,
      judgeClaims: (name) => judgeClaims({ db, clock: systemClock, timing: config.timing }, name),
      adapterVersionOf: (name) => sources.find((one) => one.name === name)?.adapterVersion ?? 'unknown',
    };
    const workers = await createWorkers({ deps, roles, connection, namespace, buildId, config });
    const running = workers.map((worker) => worker.run());
    const all = Promise.all(running);
    all.catch(() => undefined); // awaited below; a failure meanwhile must not end the process unheard
    const shutDown = () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    };
    // Whatever fails from here on, they end before what they use is closed, and before that can hide why.
    releases.push(async () => {
      shutDown();
      await all.catch(() => undefined);
    });
    const [schedules] = await Promise.all([
      ensureSchedules(
        client,
        roles.sources.map((source) => source.name),
        config.timing,
        schedulesWanted(config, roles.providers),
      ),
      roles.intake || roles.lifecycle ? setCurrentVersion(client, buildId, pause) : null,
      ...[...roles.sources, ...roles.providers].map((source) => wakePacer(client, source.name)),
    ]);
    // An audit measures: nothing waits for it, and at every start it would only cost calls.
    const audits = new Set(roles.sources.map((source) => auditWorkflowId(source.name)));
    if (run.trigger) {
      await triggerSchedules(
        client,
        schedules.filter((id) => !audits.has(id)),
      );
    }
    log.info({ event: 'worker.started', roles: rolesOf(roles).join(','), buildId, namespace });
    run.onReady();
    run.stop.addEventListener('abort', shutDown, { once: true });
    if (run.stop.aborted) shutDown();
    await all;
    log.info({ event: 'worker.drained', roles: rolesOf(roles).join(',') });
  } finally {
    for (const release of releases.reverse()) await release();
  }
}

/**
 * Before the first task is taken the queue has the rate that the ledger knows: a new server would set none. One that cannot take it
 * for now has the rate of the worker before; the pacer, woken at every start, tries until it is taken.
 */
async function agreeQueueRate(db: Database, client: Client, source: string): Promise<void> {
  const now = systemClock.now();
  const { pace, ceiling, blockedUntil } = await readPacer(db, source, now);
  try {
    await setQueueRate(client, source, queueRate(pace, { ceiling, blockedUntil }, now.getTime()));
  } catch (error) {
    if (!isBehindItsDatabase(error)) throw error;
  }
}

const attachmentsOf = ({ attachments, timing }: Config): ActivityDeps['attachments'] => ({
  wanted: attachments.wanted,
  maxBytes: attachments.maxBytes,
  store: attachments.s3 ? s3Store({ ...attachments.s3, deadlineMs: timing.attachmentDeadlineMs }) : postgresStore,
});

async function connectWorker(
  options: Parameters<typeof NativeConnection.connect>[0] & { address: string },
): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect(options);
  } catch (cause) {
    throw new WaybillError(
      'PrerequisiteMissing',
      `Temporal at ${options.address} cannot be reached: start it, or set TEMPORAL_ADDRESS.`,
      { cause },
    );
  }
}

async function refuseWhereMissing(client: Client, databaseUrl: string): Promise<void> {
  const [, attributes] = await Promise.all([refuseOtherSchema(databaseUrl), missingSearchAttributes(client)]);
  if (attributes.length > 0) {
    const names = attributes.join(', ');
    throw new WaybillError(
      'PrerequisiteMissing',
      `Temporal lacks the search attributes ${names}: run \`waybill temporal setup\`.`,
      { retryable: false },
    );
  }
}
