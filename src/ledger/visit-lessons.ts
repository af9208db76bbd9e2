import type { Direction } from '../domain/message.js';
import { type Lesson, lessonOf, type VisitedMessage } from '../domain/schedule/visit-lesson.js';
import type { FirstSeenBy } from '../domain/states.js';
import type { Sql } from './database.js';
import type { Thread } from './visits.js';

/** So many of the newest messages tell the class of a thread and its last activity. */
const LOOKED_AT = 20;

interface Row {
  direction: Direction;
  reason: string | null;
  activityAt: Date;
  firstSeenAt: Date;
  firstSeenBy: FirstSeenBy;
  isOurs: boolean;
}

/** What the reading of a thread that is now whole teaches; the thread as it was before the reading is closed. */
export async function readLesson(tx: Sql, thread: Thread, begunAt: Date): Promise<Lesson> {
  const rows = await tx.$queryRaw<Row[]>`
    SELECT direction, reason, activity_at AS "activityAt", first_seen_at AS "firstSeenAt", first_seen_by AS "firstSeenBy",
           client_ref IS NOT NULL AS "isOurs"
    FROM message WHERE thread_id = ${thread.id}::uuid
    ORDER BY activity_at DESC, origin_at DESC NULLS LAST, id DESC LIMIT ${LOOKED_AT}`;
  const messages = rows.map((row): VisitedMessage => {
    return { ...row, activityAt: row.activityAt.getTime(), firstSeenAt: row.firstSeenAt.getTime() };
  });
  return lessonOf({
    status: thread.status,
    messages,
    classBefore: thread.visitClass,
    previousAt: thread.readWholeAt?.getTime() ?? null,
    begunAt: begunAt.getTime(),
  });
}

/**
 * Adds a lesson to the sums of its source. The last statement of its transaction: the row of a class and bin is locked for no longer
 * than the commit takes.
 */
export async function recordLesson(tx: Sql, thread: Thread, lesson: Lesson, begunAt: Date): Promise<void> {
  const { exposures, learntOf, hinted } = lesson;
  const last = exposures.length - 1;
  if (last < 0) return;
  await tx.$executeRaw`
    INSERT INTO visit_exposure (source, class, bin, month, minutes, replies, hinted, visits, calls)
    SELECT ${thread.source}, ${learntOf}, bin, date_trunc('month', ${begunAt}::timestamptz, 'UTC')::date, minutes, replies,
           CASE WHEN is_last THEN ${hinted}::int ELSE 0 END, CASE WHEN is_last THEN 1 ELSE 0 END,
           CASE WHEN is_last THEN (SELECT count(*)::int FROM provider_call
                                   WHERE thread_id = ${thread.id}::uuid AND opened_at >= ${begunAt}) ELSE 0 END
    FROM unnest(${exposures.map((one) => one.bin)}::smallint[], ${exposures.map((one) => one.minutes)}::float8[],
                ${exposures.map((one) => one.replies)}::int[], ${exposures.map((_, index) => index === last)}::boolean[])
      AS row (bin, minutes, replies, is_last)
    ORDER BY bin
    ON CONFLICT (source, class, bin, month) DO UPDATE
      SET minutes = visit_exposure.minutes + excluded.minutes, replies = visit_exposure.replies + excluded.replies,
          hinted = visit_exposure.hinted + excluded.hinted, visits = visit_exposure.visits + excluded.visits,
          calls = visit_exposure.calls + excluded.calls`;
}
