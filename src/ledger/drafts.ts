import type { Action, Choice } from '../domain/actions.js';
import type { DraftPurpose } from '../domain/approvals.js';
import { only, type Sql } from './database.js';
import type { CarriedMessage } from './lifecycles.js';

export interface Draft {
  messageId: string;
  version: number;
  purpose: DraftPurpose;
  /** With its words, where it has some. */
  action: Action;
  playbook: { name: string; version: string } | null;
  writtenAt: Date;
  writtenBy: string;
}

interface NewDraft {
  purpose: DraftPurpose;
  action: Action;
  playbook: Choice['playbook'];
  by: string;
  now: Date;
}

/** Writes what would be done as the next version; an earlier one is never changed. Gives its number, from 1. */
export async function writeDraft(
  tx: Sql,
  { id, carry }: Pick<CarriedMessage, 'id' | 'carry'>,
  { purpose, action, playbook, by, now }: NewDraft,
): Promise<number> {
  const { text, ...without } = action.do === 'reply' ? action : { ...action, text: null };
  const rows = await tx.$queryRaw<{ version: number }[]>`
    INSERT INTO draft (message_id, version, purpose, carry, action, text, playbook, playbook_version, written_at, written_by)
    SELECT ${id}::uuid, COALESCE(max(version), 0) + 1, ${purpose}, ${carry}, ${JSON.stringify(without)}::jsonb, ${text},
           ${playbook?.name ?? null}, ${playbook?.version ?? null}, ${now}, ${by}
    FROM draft WHERE message_id = ${id}::uuid
    RETURNING version`;
  return only(rows, `draft of ${id}`).version;
}

interface DraftRow extends Omit<Draft, 'action' | 'playbook'> {
  action: Exclude<Action, { do: 'reply' }> | { do: 'reply'; template: string };
  text: string | null;
  playbook: string | null;
  playbookVersion: string | null;
}

/** Every version of what would be done about a message, the oldest first. */
export async function readDrafts(db: Sql, messageId: string): Promise<Draft[]> {
  const rows = await db.$queryRaw<DraftRow[]>`
    SELECT message_id AS "messageId", version, purpose, action, text, playbook, playbook_version AS "playbookVersion",
           written_at AS "writtenAt", written_by AS "writtenBy"
    FROM draft WHERE message_id = ${messageId}::uuid ORDER BY version`;
  return rows.map(({ action, text, playbook, playbookVersion, ...row }) => ({
    ...row,
    action: action.do === 'reply' ? { ...action, text: text ?? '' } : action,
    playbook: playbook === null ? null : { name: playbook, version: playbookVersion ?? '' },
  }));
}
