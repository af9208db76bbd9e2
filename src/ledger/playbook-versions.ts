import type { Playbook, PlaybookContent, PlaybookSet } from '../playbooks/playbook-set.js';
import { quenchAlarm, raiseAlarm } from './alarms.js';
import type { Database, Sql } from './database.js';

export interface PlaybookVersion {
  name: string;
  version: string;
  content: PlaybookContent;
  /** When a worker first loaded it. */
  loadedAt: Date;
}

const SUBJECT = 'playbooks';
const MARKED = /^playbooks: set ([0-9a-f]{12})/;

/**
 * Writes down the versions of a set before any of it is used, with a marker where it is another set than the last one, and takes
 * the alarm back. Workers that load the same set write it once.
 */
export async function recordPlaybookSet(db: Database, { hash, playbooks }: PlaybookSet, now: Date): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.$queryRaw`SELECT pg_advisory_xact_lock(hashtextextended('waybill playbooks', 0))`;
    const fresh: Playbook[] = [];
    for (const playbook of playbooks) {
      const { name, version, content } = playbook;
      const added = await tx.$executeRaw`
        INSERT INTO playbook_version (name, version, content, loaded_at)
        VALUES (${name}, ${version}, ${JSON.stringify(content)}::jsonb, ${now}) ON CONFLICT (name, version) DO NOTHING`;
      if (added > 0) fresh.push(playbook);
    }
    await markSet(tx, hash, fresh, now);
    await quenchAlarm(tx, { kind: 'playbooks_unusable', source: null, subject: SUBJECT, now });
  });
}

async function markSet(tx: Sql, hash: string, fresh: readonly Playbook[], now: Date): Promise<void> {
  const short = hash.slice(0, 12);
  const [last] = await tx.$queryRaw<{ text: string }[]>`
    SELECT text FROM marker WHERE kind = 'playbook' ORDER BY at DESC, id DESC LIMIT 1`;
  if (MARKED.exec(last?.text ?? '')?.[1] === short) return;
  const named = fresh.map(({ name, version }) => `${name} ${version}`).join(', ');
  const text = `playbooks: set ${short}${named === '' ? '' : `, new ${named}`}`;
  await tx.$executeRaw`INSERT INTO marker (at, kind, text) VALUES (${now}, 'playbook', ${text})`;
}

/** A set cannot be used: says so, with the places, to whoever takes alarms. */
export async function raiseUnusablePlaybooks(db: Database, problems: readonly string[], now: Date): Promise<void> {
  const evidence = { count: problems.length, problems: problems.slice(0, 20) };
  await db.transaction((tx) =>
    raiseAlarm(tx, { kind: 'playbooks_unusable', source: null, subject: SUBJECT, evidence, now }),
  );
}

export async function readPlaybookVersion(db: Sql, name: string, version: string): Promise<PlaybookVersion | null> {
  const rows = await db.$queryRaw<PlaybookVersion[]>`
    SELECT name, version, content, loaded_at AS "loadedAt" FROM playbook_version
    WHERE name = ${name} AND version = ${version}`;
  return rows[0] ?? null;
}

/** The versions of a playbook that were ever loaded, the newest first. */
export const listPlaybookVersions = (db: Sql, name: string): Promise<PlaybookVersion[]> =>
  db.$queryRaw<PlaybookVersion[]>`
    SELECT name, version, content, loaded_at AS "loadedAt" FROM playbook_version
    WHERE name = ${name} ORDER BY loaded_at DESC, version`;
