import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { LABELS } from '../../../src/classify/labels.js';
import { listAlarms } from '../../../src/ledger/alarm-desk.js';
import { readDecision } from '../../../src/ledger/decisions.js';
import { listPlaybookVersions, readPlaybookVersion } from '../../../src/ledger/playbook-versions.js';
import { createLogger } from '../../../src/telemetry/logger.js';
import { followPlaybooks } from '../../../src/workers/follow-playbooks.js';
import { HOUR, iso } from '../../support/clock.js';
import { incomingMessage, incomingThread } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';
import { lifecycleOf } from '../../support/lifecycle.js';
import { facts } from '../../support/playbooks.js';

const PLAYBOOK =
  'name: parcel\nwhen: { label: delivery_status }\nthen: { reply: { template: parcel } }\ntags: [parcel]\n';

/** A folder of playbooks that a worker of this ledger follows; `look` is what its timer does. */
async function followed(ledger: TestLedger, files: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-playbooks-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  for (const [name, text] of Object.entries(files)) write(name, text);
  const { db, clock } = ledger;
  const log = createLogger({ subsystem: 'lifecycle', level: 'silent', format: 'ndjson' });
  const playbooks = await followPlaybooks({ db, clock, folder, labels: Object.keys(LABELS), everyMs: 3_600_000, log });
  onTestFinished(() => playbooks.close());
  return {
    ...playbooks,
    write,
    remove: (name: string) => rmSync(join(folder, name)),
    action: () => playbooks.chooser.choose(facts()).action,
  };
}

const markers = async ({ db }: TestLedger): Promise<string[]> => {
  const rows = await db.$queryRaw<{ text: string }[]>`SELECT text FROM marker WHERE kind = 'playbook' ORDER BY at, id`;
  return rows.map(({ text }) => text);
};
const alarms = async ({ db }: TestLedger) =>
  (await listAlarms(db, [])).map(({ kind, state, raises, evidence }) => ({ kind, state, raises, evidence }));

it('a changed folder is in force after the next look, with its versions kept and a marker for each set', async () => {
  const ledger = await testLedger();
  const folder = await followed(ledger, { 'a.yaml': PLAYBOOK, 'parcel.liquid': 'one' });
  expect(folder.action()).toEqual({ do: 'reply', template: 'parcel', text: 'one' });
  ledger.clock.advance(HOUR);
  folder.write('parcel.liquid', 'two');
  expect(folder.action()).toMatchObject({ text: 'one' });
  await folder.look();
  expect(folder.action()).toMatchObject({ text: 'two' });
  const [newest, first, ...others] = await listPlaybookVersions(ledger.db, 'parcel');
  expect(others).toEqual([]);
  expect(newest?.content.templates).toEqual({ 'parcel.liquid': 'two' });
  expect(await readPlaybookVersion(ledger.db, 'parcel', first?.version ?? '')).toEqual(first);
  await folder.look();
  const set = expect.stringMatching(/^playbooks: set [0-9a-f]{12}, new parcel [0-9a-f]{12}$/);
  expect(await markers(ledger)).toEqual([set, set]);
});

it('two workers that load the same set write it once', async () => {
  const ledger = await testLedger();
  const files = { 'a.yaml': PLAYBOOK, 'parcel.liquid': 'one' };
  await Promise.all([followed(ledger, files), followed(ledger, files), followed(ledger, files)]);
  expect(await ledger.count('playbook_version')).toBe(1);
  expect(await markers(ledger)).toHaveLength(1);
});

it('a set that cannot be used raises an alarm with its places, and a person gets its messages, not the set before', async () => {
  const ledger = await testLedger();
  const folder = await followed(ledger, { 'a.yaml': PLAYBOOK, 'parcel.liquid': 'one' });
  folder.write('parcel.liquid', 'Hello\n{{ message.subjct }}');
  await folder.look();
  expect(folder.action()).toEqual({
    do: 'escalate',
    reason: 'playbook_unusable',
    evidence: 'the playbooks hold 1 error(s)',
  });
  await folder.look();
  expect(await alarms(ledger)).toEqual([
    {
      kind: 'playbooks_unusable',
      state: 'open',
      raises: 2,
      evidence: {
        count: 1,
        problems: [expect.stringMatching(/^parcel\.liquid:2:4: there is no variable message\.subjct; /)],
      },
    },
  ]);
  folder.write('parcel.liquid', 'three');
  await folder.look();
  expect(folder.action()).toMatchObject({ do: 'reply', text: 'three' });
  expect(await alarms(ledger)).toMatchObject([{ state: 'quenched' }]);
});

it('a folder that is not there, or holds nothing, is unusable from the start', async () => {
  const ledger = await testLedger();
  const folder = await followed(ledger, {});
  expect(folder.action()).toMatchObject({ do: 'escalate', reason: 'playbook_unusable' });
  expect(await alarms(ledger)).toMatchObject([{ kind: 'playbooks_unusable', state: 'open' }]);
});

/** A live source with a question that the playbook answers, long enough ago to be settled. */
async function asked(): Promise<TestLedger> {
  const ledger = await testLedger();
  await ledger.bind({ firstMode: 'live', answerFrom: new Date(0) });
  await ledger.list([incomingThread('t1')]);
  await ledger.read('t1', [
    incomingMessage('m1', { originAt: iso(-HOUR), text: 'Where is my order? It has not arrived.' }),
  ]);
  ledger.clock.advance(HOUR);
  return ledger;
}

it('a message that was decided keeps its playbook in the version of then, whatever the folder holds when it goes on', async () => {
  const ledger = await asked();
  const { db, clock } = ledger;
  const folder = await followed(ledger, { 'a.yaml': PLAYBOOK, 'parcel.liquid': 'one' });
  await db.$executeRaw`INSERT INTO sending_stop (id, stopped_at, stopped_by) VALUES (uuidv7(), ${clock.now()}, 'operator')`;
  const lifecycle = lifecycleOf(ledger, folder.chooser);
  expect(await lifecycle.decide('m1')).toMatchObject({ kind: 'wait', for: 'stopped' });
  const { id } = await ledger.message('m1');
  const decided = await readDecision(db, id);

  folder.write('a.yaml', 'name: other\nwhen: { label: delivery_status }\nthen: close\n');
  await folder.look();
  await db.$executeRaw`UPDATE sending_stop SET lifted_at = ${clock.now()}, lifted_by = 'operator'`;
  expect(await lifecycle.decideAgain('m1')).toEqual({ kind: 'reply' });
  expect(await db.$queryRaw`SELECT text FROM outbox WHERE message_id = ${id}::uuid`).toEqual([{ text: 'one' }]);
  expect(await readDecision(db, id)).toEqual(decided);
  expect(decided).toMatchObject({ playbook: 'parcel', action: 'reply', tags: ['parcel'] });
});

it('a message that meets unusable playbooks is a case, with the reason and never nothing', async () => {
  const ledger = await asked();
  const folder = await followed(ledger, { 'a.yaml': 'name: parcel\n' });
  const lifecycle = lifecycleOf(ledger, folder.chooser);
  expect(await lifecycle.decide('m1')).toMatchObject({
    kind: 'ended',
    disposition: 'escalated',
    reason: 'playbook_unusable',
  });
  expect(await ledger.count('case')).toBe(1);
});
