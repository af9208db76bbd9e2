import { systemClock } from '../../domain/clock.js';
import type { Database } from '../../ledger/database.js';
import { type Check, fine, problem, unknown, warning } from './findings.js';

interface Standing {
  name: string;
  kind: string;
  mode: string;
  blockedUntil: Date | null;
  stoppedAt: Date | null;
  lastAt: Date | null;
  status: number | null;
  failure: string | null;
  goodAt: Date | null;
}

const SILENT_MS = 15 * 60_000;
const minutesSince = (at: Date): number => Math.round((systemClock.now().getTime() - at.getTime()) / 60_000);

/** How each provider answered last, from its own rows of calls: the doctor calls nobody past the queue. */
export const sourceChecks = (db: Database, names: readonly string[]): Check[] =>
  names.map((name) => ({ name: `source ${name}`, look: () => lookAtSource(db, name) }));

async function lookAtSource(db: Database, name: string) {
  const [source] = await db.$queryRaw<Standing[]>`
    SELECT s.name, s.kind, s.mode, s.blocked_until AS "blockedUntil", s.stopped_at AS "stoppedAt", last.opened_at AS "lastAt",
           last.status, last.failure, good.finished_at AS "goodAt"
    FROM source s
    LEFT JOIN LATERAL (SELECT opened_at, status, failure FROM provider_call WHERE source = s.name AND finished_at IS NOT NULL
                       ORDER BY opened_at DESC LIMIT 1) AS last ON true
    LEFT JOIN LATERAL (SELECT finished_at FROM provider_call WHERE source = s.name AND failure IS NULL AND finished_at IS NOT NULL
                       ORDER BY opened_at DESC LIMIT 1) AS good ON true
    WHERE s.name = ${name}`;
  if (!source) return unknown(`The ledger does not know ${name} yet.`, 'Start a worker that is configured for it.');
  const { lastAt, failure, status, stoppedAt, blockedUntil, goodAt, mode, kind } = source;
  if (stoppedAt)
    return problem(
      `${name} takes no calls since ${stoppedAt.toISOString()}: too much of an answer could not be read.`,
      `Look at \`waybill park list --source ${name}\`, then run \`waybill source resume --source ${name}\`.`,
    );
  if (lastAt === null) return unknown(`${name} was not called yet, so nobody knows whether it answers.`);
  if (failure === 'SourceAuthRejected')
    return problem(`${name} rejects our token (${status}).`, 'Set a token that it takes, and start the worker again.');
  if (blockedUntil && blockedUntil > systemClock.now())
    return warning(
      `${name} asked for a pause until ${blockedUntil.toISOString()}.`,
      'Nothing, if it is rare; otherwise set WAYBILL_SOURCE_LIMIT to what the provider allows.',
    );
  if (failure !== null)
    return warning(
      `The last call to ${name} failed (${failure}); the last good answer came ${goodAt ? `${minutesSince(goodAt)} min ago` : 'never'}.`,
      `See \`waybill pacer --source ${name}\`, and what it answered in provider_call.answer.`,
    );
  if (kind === 'dashboard' && systemClock.now().getTime() - lastAt.getTime() > SILENT_MS)
    return problem(
      `${name} was last called ${minutesSince(lastAt)} min ago, and is to be listed every minute.`,
      'See whether a worker polls its queue, and whether its Schedules run.',
    );
  return fine(`${name} answers (${status}, ${minutesSince(lastAt)} min ago); mode ${mode}.`);
}
