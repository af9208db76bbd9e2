import { isMassParking, type Unreadable } from '../domain/mass-parking.js';
import { quenchAlarm, raiseAlarm } from './alarms.js';
import { only, type Sql } from './database.js';

/** Newest submissions that are judged: few, so that a change of the form shows at once, and more, so that a slow one shows too. */
const NEWEST = 10;
const RECENT = 50;
const SUBJECT = 'submissions';

interface Standing {
  newest: Unreadable;
  recent: Unreadable;
  /** Names of fields and what is wrong with them, the most frequent first; never a value. */
  problems: string[];
  /** Our ids of the newest that are parked. */
  examples: string[];
}

/**
 * The same guard for what is pushed as for what is asked for, without a stop: a vendor that was refused would lose what it has. All is
 * taken and kept; an alarm says that a form no longer fits what is configured for it. What a person has settled does not count.
 */
export async function raiseMassParking(tx: Sql, source: string, now: Date): Promise<void> {
  const standing = await standingOf(tx, source);
  if (!isMassParking(standing.newest, standing.recent)) return;
  await raiseAlarm(tx, { kind: 'mass_parking', source, subject: SUBJECT, evidence: { ...standing }, now });
}

/** Says that it is over, once enough of the newest submissions can be read again. */
export async function quenchMassParking(tx: Sql, source: string, now: Date): Promise<void> {
  const raised = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM alarm WHERE kind = 'mass_parking' AND source = ${source} AND subject = ${SUBJECT}
      AND state IN ('open', 'acknowledged')`;
  if (raised.length === 0) return;
  const { newest, recent } = await standingOf(tx, source);
  if (!isMassParking(newest, recent)) await quenchAlarm(tx, { kind: 'mass_parking', source, subject: SUBJECT, now });
}

async function standingOf(tx: Sql, source: string): Promise<Standing> {
  const rows = await tx.$queryRaw<Standing[]>`
    WITH recent AS (
      SELECT s.id, s.problem, row_number() OVER (ORDER BY s.received_at DESC, s.id DESC) AS place,
             s.state = 'parked' AND EXISTS (SELECT 1 FROM park p WHERE p.source = s.source AND p.kind = 'submission'
                                              AND p.item = s.item AND p.state = 'parked') AS parked
      FROM submission s WHERE s.source = ${source} AND s.way = 'direct' AND s.state <> 'canary'
      ORDER BY s.received_at DESC, s.id DESC LIMIT ${RECENT})
    SELECT jsonb_build_object('fresh', count(*) FILTER (WHERE parked AND place <= ${NEWEST}),
                              'rows', count(*) FILTER (WHERE place <= ${NEWEST})) AS newest,
           jsonb_build_object('fresh', count(*) FILTER (WHERE parked), 'rows', count(*)) AS recent,
           ARRAY(SELECT problem FROM recent WHERE parked AND problem IS NOT NULL GROUP BY problem
                 ORDER BY count(*) DESC, problem LIMIT 5) AS problems,
           ARRAY(SELECT id::text FROM recent WHERE parked ORDER BY place LIMIT 5) AS examples
    FROM recent`;
  return only(rows, `submissions of ${source}`);
}
