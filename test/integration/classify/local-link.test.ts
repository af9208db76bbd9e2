import { describe, expect, it, onTestFinished } from 'vitest';
import { createChain } from '../../../src/classify/chain.js';
import { packModel } from '../../../src/classify/local/artefact.js';
import { createJudgingThread } from '../../../src/classify/local/judging-thread.js';
import { createLocalLink, type LocalLinkDeps } from '../../../src/classify/local/local-link.js';
import { trainModel } from '../../../src/classify/local/train-model.js';
import { rulesLink } from '../../../src/classify/rules-link.js';
import { classifierFigures } from '../../../src/ledger/classifier-figures.js';
import {
  activateModel,
  activeModelId,
  listModels,
  modelTitle,
  readArtefact,
  storeModel,
} from '../../../src/ledger/classifier-models.js';
import { recordUnderstanding } from '../../../src/ledger/decisions.js';
import { incomingMessage, incomingThread } from '../../support/incoming.js';
import { type TestLedger, testLedger } from '../../support/ledger.js';
import { madeUpExamples } from '../../unit/classify/local/made-up-examples.js';

const ENTRY = new URL('../../../dist/classify/local/thread.js', import.meta.url);
const { model } = trainModel(madeUpExamples(400), { precision: 0.99 });
const artefact = packModel(model);
const recall = { modelAnswer: async () => null };
const input = (text: string) => ({ subject: null, text });

const store = ({ db, clock }: TestLedger, name = 'support', bytes: Uint8Array = artefact) =>
  db.transaction((tx) =>
    storeModel(tx, {
      name,
      labels: model.labels,
      figures: { examples: 400 },
      threshold: model.threshold,
      artefact: bytes,
      by: 'cli:someone',
      now: clock.now(),
    }),
  );
const activate = ({ db, clock }: TestLedger, name: string, version: number | null = null) =>
  db.transaction((tx) => activateModel(tx, { name, version, by: 'cli:someone', now: clock.now() }));

function linkOf(ledger: TestLedger, more: Partial<LocalLinkDeps> = {}) {
  const thread = createJudgingThread({ entry: ENTRY });
  onTestFinished(() => thread.close());
  const states: unknown[] = [];
  const link = createLocalLink({
    thread,
    activeId: () => activeModelId(ledger.db),
    read: (id) => readArtefact(ledger.db, id),
    now: () => ledger.clock.now().getTime(),
    checkEveryMs: 30_000,
    onState: async (state) => void states.push(state),
    ...more,
  });
  return { link, states, thread };
}

describe('versions of a classifier', () => {
  it('count up by name, one of all is in force, and who changed it stands in the ledger', async () => {
    const ledger = await testLedger();
    for (const name of ['support', 'support', 'sales']) await store(ledger, name);
    expect((await listModels(ledger.db)).map(modelTitle).sort()).toEqual(['sales@1', 'support@1', 'support@2']);
    expect(await activate(ledger, 'support', 1)).toMatchObject({ version: 1, active: true });
    expect(await activate(ledger, 'support')).toMatchObject({ version: 2, active: true });
    expect(await activate(ledger, 'support', 9)).toBeNull();
    expect((await listModels(ledger.db)).filter(({ active }) => active).map(modelTitle)).toEqual(['support@2']);
    const changes = await ledger.db.$queryRaw`SELECT actor, action, subject FROM change ORDER BY id`;
    expect(changes).toEqual([
      ...['support@1', 'support@2', 'sales@1'].map((one) => ({
        actor: 'cli:someone',
        action: 'classifier.train',
        subject: `classifier/${one}`,
      })),
      ...['support@1', 'support@2'].map((one) => ({
        actor: 'cli:someone',
        action: 'classifier.activate',
        subject: `classifier/${one}`,
      })),
    ]);
    const markers = await ledger.db.$queryRaw`SELECT text FROM marker WHERE text LIKE 'classifier%' ORDER BY text`;
    expect(markers).toEqual([{ text: 'classifier support@1 in force' }, { text: 'classifier support@2 in force' }]);
  });

  it('trained at the same time get different numbers', async () => {
    const ledger = await testLedger();
    const stored = await Promise.all([store(ledger), store(ledger), store(ledger)]);
    expect(stored.map(({ version }) => version).sort((a, b) => a - b)).toEqual([1, 2, 3]);
  });
});

describe('the trained classifier of a worker', () => {
  it('decides what it is sure of and abstains from the rest, with its version and words of its own', async () => {
    const ledger = await testLedger();
    await store(ledger);
    await activate(ledger, 'support');
    const { link } = linkOf(ledger);
    const sure = await link.classify(input('please reset my password again today'), recall);
    expect(sure).toMatchObject({
      kind: 'understood',
      understanding: { label: 'password', classifier: 'local:support@1' },
    });
    const unsure = await link.classify(input('xylophone quartz zebra'), recall);
    expect(unsure).toMatchObject({ kind: 'abstains', classifier: 'local:support@1', isUnsure: true });
    expect(JSON.stringify([sure, unsure])).not.toMatch(/xylophone|reset my/);
  });

  it('takes another version once its time has come, and not before', async () => {
    const ledger = await testLedger();
    for (const name of ['first', 'second']) await store(ledger, name);
    await activate(ledger, 'first');
    const { link } = linkOf(ledger);
    const who = async () => {
      const answer = await link.classify(input('i forgot my password'), recall);
      return answer.kind === 'understood' ? answer.understanding.classifier : answer.kind;
    };
    expect(await who()).toBe('local:first@1');
    await activate(ledger, 'second');
    ledger.clock.advance(29_000);
    expect(await who()).toBe('local:first@1');
    ledger.clock.advance(2_000);
    expect(await who()).toBe('local:second@1');
  });

  it('that is none, or broken bytes, abstains and says so, until a good one is in force', async () => {
    const ledger = await testLedger();
    const { link, states } = linkOf(ledger);
    const abstains = { kind: 'abstains', isUnsure: true };
    expect(await link.classify(input('i forgot my password'), recall)).toMatchObject(abstains);
    await store(ledger, 'broken', Buffer.from('no model'));
    await activate(ledger, 'broken');
    ledger.clock.advance(31_000);
    expect(await link.classify(input('i forgot my password'), recall)).toMatchObject(abstains);
    await store(ledger, 'good');
    await activate(ledger, 'good');
    ledger.clock.advance(31_000);
    expect(await link.classify(input('i forgot my password'), recall)).toMatchObject({ kind: 'understood' });
    expect(states).toEqual([
      { usable: false, model: null, failure: 'NoModel' },
      { usable: false, model: 'broken@1', failure: 'Error' },
      { usable: true },
    ]);
  });

  it('goes on with the version it holds while the ledger cannot be reached', async () => {
    const ledger = await testLedger();
    await store(ledger);
    await activate(ledger, 'support');
    let reachable = true;
    const { link } = linkOf(ledger, {
      activeId: async () => {
        if (!reachable) throw new Error('connection refused');
        return activeModelId(ledger.db);
      },
    });
    await link.classify(input('i forgot my password'), recall);
    reachable = false;
    ledger.clock.advance(60_000);
    expect(await link.classify(input('i forgot my password'), recall)).toMatchObject({ kind: 'understood' });
  });

  it('judges beside the event loop, and a thread that was ended is replaced', async () => {
    const { thread } = linkOf(await testLedger());
    await thread.load(artefact);
    let turns = 0;
    const ticking = setInterval(() => turns++, 1);
    const text = 'where is my parcel and my invoice '.repeat(110);
    await Promise.all(Array.from({ length: 300 }, () => thread.judge(text)));
    clearInterval(ticking);
    expect(turns).toBeGreaterThan(5);
    await thread.close();
    expect((await thread.judge('i forgot my password')).label).toBe('password');
  });

  it('that takes too long is ended; the message goes on without it', async () => {
    const stuck = createJudgingThread({
      entry: new URL(
        'data:text/javascript,import{parentPort}from"node:worker_threads";parentPort.on("message",()=>{for(;;);})',
      ),
      deadlineMs: 200,
    });
    onTestFinished(() => stuck.close());
    await expect(stuck.judge('hello')).rejects.toThrow('ThreadTooSlow');
  });
});

describe('a chain of classifiers', () => {
  it('asks the next where one abstains, and keeps the reasons of each where all do', async () => {
    const ledger = await testLedger();
    await store(ledger);
    await activate(ledger, 'support');
    const chain = createChain([rulesLink, linkOf(ledger).link]);
    expect(await chain.classify(input('I forgot my password'), recall)).toMatchObject({
      classifier: 'rules/2',
      label: 'password_reset',
    });
    expect(await chain.classify(input('hello, send me the invoice please'), recall)).toMatchObject({
      label: 'invoice',
      classifier: 'local:support@1',
    });
    const none = await chain.classify(input('xylophone quartz zebra'), recall);
    expect(none).toMatchObject({ label: 'unknown', abstained: true, classifier: 'rules/2+local:support@1' });
  });

  it('of rules alone that know no phrase leaves the label unknown and has abstained from nothing', async () => {
    const none = await createChain([rulesLink]).classify(input('xylophone'), recall);
    expect(none).toMatchObject({ label: 'unknown', abstained: false });
  });

  it('its abstentions and labels are counted from the ledger', async () => {
    const ledger = await testLedger();
    await ledger.bind({ firstMode: 'live', answerFrom: new Date(0) });
    await ledger.list([incomingThread('t')]);
    await ledger.read('t', [incomingMessage('m1'), incomingMessage('m2')]);
    const [one, two] = [await ledger.carry('m1'), await ledger.carry('m2')];
    const now = ledger.clock.now();
    const understanding = { label: 'refund', confidence: 0.9, classifier: 'rules/2', reasons: [] };
    await recordUnderstanding(ledger.db, one, understanding, now);
    await recordUnderstanding(
      ledger.db,
      two,
      { ...understanding, label: 'unknown', confidence: 0, classifier: 'rules/2+local', abstained: true },
      now,
    );
    expect(await classifierFigures(ledger.db, now)).toMatchObject({
      understood: 2,
      abstained: 1,
      shareAbstained: 0.5,
      labels: [
        { label: 'refund', messages: 1, share: 0.5 },
        { label: 'unknown', messages: 1 },
      ],
    });
    expect(await classifierFigures(ledger.db, new Date(now.getTime() + 1))).toMatchObject({
      understood: 0,
      shareAbstained: null,
    });
  });
});
