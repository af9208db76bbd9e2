import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settleAndTell } from '../../src/api/settle-approval.js';
import type { PersonsVerdict } from '../../src/domain/approvals.js';
import { systemClock } from '../../src/domain/clock.js';
import { setMode } from '../../src/ledger/mode-settings.js';
import { resumeSending, stopSending } from '../../src/ledger/sending-stops.js';
import { eventually } from '../support/eventually.js';
import { LIVELY, type Rig, type RigOptions, startRig } from '../support/rig.js';

let rig: Rig;
const starts = async (options: RigOptions): Promise<void> => {
  rig = await startRig({ timing: LIVELY, ...options });
  await rig.worker.start();
};
afterEach(() => rig?.release());

/** Replies of ours that the simulated provider executed, the oldest first. */
const sent = async () =>
  (await rig.truth()).replies
    .filter(({ clientRef }) => clientRef !== null)
    .sort((a, b) => Date.parse(a.executedAt) - Date.parse(b.executedAt));

const counts = async () => {
  const [row] = await rig.query<{ held: number; answered: number; drafts: number; cases: number }>`
    SELECT (SELECT count(*)::int FROM message WHERE state = 'waiting' AND waiting_kind = 'stopped') AS held,
           (SELECT count(*)::int FROM message WHERE disposition = 'answered') AS answered,
           (SELECT count(*)::int FROM draft) AS drafts, (SELECT count(*)::int FROM "case") AS cases`;
  return row ?? { held: 0, answered: 0, drafts: 0, cases: 0 };
};

const write = () => rig.control('inbound', { text: 'Where is my order WB-100001?', subject: 'My order' });
/** Far more than can be answered before the stop comes, and no more than the test has time for. */
const MOST_WRITTEN = 150;
const at = () => systemClock.now();

describe.each(['observe', 'shadow'])('a source in %s', (mode) => {
  it('lets nothing leave the house, and opens no case', async () => {
    await starts({ simulator: { threads: 12, seed: 7 }, env: { WAYBILL_MODE: mode } });
    for (let n = 0; n < 3; n++) await write();
    const account = await rig.account();
    expect(account).toMatchObject({ balanced: true, missing: 0 });
    expect((await rig.truth()).replies.filter(({ clientRef }) => clientRef !== null)).toEqual([]);
    const { drafts, cases } = await counts();
    expect(cases).toBe(0);
    expect(drafts > 0).toBe(mode === 'shadow');
    const posts = await rig.query`SELECT 1 FROM provider_call WHERE operation = 'postReply'`;
    expect(posts).toEqual([]);
  }, 120_000);
});

describe('a live source', () => {
  beforeEach(() => starts({}), 60_000);

  it('that is stopped under load sends nothing later than two seconds after, over a restart, until it is resumed', async () => {
    const scope = { source: 'simulator', route: null, playbook: null };
    const messages: string[] = [];
    let writes = true;
    const load = (async () => {
      while (writes && messages.length < MOST_WRITTEN) messages.push((await write()).messageId);
    })();
    await eventually('replies leave', async () => (await sent()).length >= 5, { withinMs: 60_000 });
    const stoppedAt = at();
    await stopSending(rig.db, { ...scope, note: null, actor: 'cli:test', now: stoppedAt });
    await eventually('messages are held', async () => (await counts()).held >= 10, { withinMs: 60_000 });
    writes = false;
    await load;
    await rig.worker.sigkill();
    await rig.worker.start();
    const held = (await counts()).held;
    await eventually(
      'more are held after the restart, or all are',
      async () => {
        const [open] = await rig.query<{ n: number }>`
        SELECT count(*)::int AS n FROM message WHERE state IN ('recorded', 'carried') OR waiting_kind IN ('settle', 'turn')`;
        return open?.n === 0 && (await counts()).held >= held;
      },
      { withinMs: 90_000 },
    );
    const after = (await sent()).map(({ executedAt }) => Date.parse(executedAt) - stoppedAt.getTime());
    expect(Math.max(...after)).toBeLessThanOrEqual(2_000);

    await resumeSending(rig.db, { ...scope, all: false, actor: 'cli:test', now: at() });
    let stand: unknown;
    const allAnswered = async () => {
      const rows = await rig.query<{ stands: string; n: number }>`
        SELECT concat_ws(' ', state, waiting_kind, disposition, reason) AS stands, count(*)::int AS n
        FROM message WHERE direction = 'inbound' GROUP BY 1`;
      stand = rows;
      return rows.length === 1 && rows[0]?.stands.startsWith('ended answered ') && rows[0].n === messages.length;
    };
    await eventually(() => `of ${messages.length}: ${JSON.stringify(stand)}`, allAnswered, { withinMs: 90_000 });
    const { answeredTwice } = await rig.truth();
    expect(answeredTwice).toEqual([]);
    expect(await sent()).toHaveLength(messages.length);
    expect((await counts()).held).toBe(0);
  }, 240_000);

  it('in approve acts on a decision at once where a worker runs, and later where none did', async () => {
    const scope = { source: 'simulator', route: null, playbook: null };
    await setMode(rig.db, { ...scope, mode: 'approve', answerFrom: null, actor: 'cli:test', now: at() });
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) await write();
    await eventually(
      'three drafts wait',
      async () => {
        const rows = await rig.query<{ id: string }>`
        SELECT m.id FROM approval a JOIN message m ON m.id = a.message_id
        WHERE a.settled_at IS NULL AND m.waiting_kind = 'approval' ORDER BY m.id`;
        ids.splice(0, ids.length, ...rows.map(({ id }) => id));
        return ids.length === 3;
      },
      { withinMs: 60_000 },
    );
    expect(await sent()).toEqual([]);
    const parts = { db: rig.db, clock: systemClock, temporal: () => Promise.resolve(rig.client) };
    const settle = (messageId: string | undefined, verdict: PersonsVerdict) =>
      settleAndTell(parts, { messageId: messageId ?? '', draftVersion: 1, verdict, actor: 'desk' });
    const ends = (messageId: string | undefined, disposition: string) =>
      eventually(
        `${disposition}`,
        async () => {
          const [row] = await rig.query<{ disposition: string }>`
          SELECT disposition FROM message WHERE id = ${messageId ?? ''}::uuid`;
          return row?.disposition === disposition;
        },
        { withinMs: 60_000 },
      );
    expect(await settle(ids[0], 'approved')).toMatchObject({ settled: true, told: true });
    expect(await settle(ids[1], 'rejected')).toMatchObject({ settled: true, told: true });
    await Promise.all([ends(ids[0], 'answered'), ends(ids[1], 'escalated')]);
    expect(await sent()).toHaveLength(1);

    await rig.worker.stop();
    expect(await settle(ids[2], 'approved')).toMatchObject({ settled: true, told: false });
    await rig.worker.start();
    await ends(ids[2], 'answered');
    expect(await sent()).toHaveLength(2);
  }, 180_000);
});
