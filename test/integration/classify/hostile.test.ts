import { describe, expect, it, onTestFinished } from 'vitest';
import { createChain } from '../../../src/classify/chain.js';
import { LABELS } from '../../../src/classify/labels.js';
import { packModel } from '../../../src/classify/local/artefact.js';
import { createJudgingThread } from '../../../src/classify/local/judging-thread.js';
import { createLocalLink } from '../../../src/classify/local/local-link.js';
import { trainModel } from '../../../src/classify/local/train-model.js';
import { plainText } from '../../../src/classify/plain-text.js';
import { newestPart } from '../../../src/classify/rules.js';
import { rulesLink } from '../../../src/classify/rules-link.js';
import { ACTIONS } from '../../../src/domain/actions.js';
import type { Understanding } from '../../../src/domain/understanding.js';
import { asAbstained } from '../../../src/playbooks/chooser.js';
import { createModelClient } from '../../../src/sources/model/client.js';
import { makePrompt } from '../../../src/sources/model/question.js';
import { CANARY, HOSTILE_TEXTS, type HostileText } from '../../fixtures/hostile-texts.js';
import { startModelServer } from '../../support/model-server.js';
import { facts, starterChooser } from '../../support/playbooks.js';
import { madeUpExamples } from '../../unit/classify/local/made-up-examples.js';

const ENTRY = new URL('../../../dist/classify/local/thread.js', import.meta.url);
const { model } = trainModel(madeUpExamples(400), { precision: 0.99 });
const KNOWN = new Set([...Object.keys(LABELS), ...model.labels]);
/** What one text may take on a machine that has other work; the usual one takes a few milliseconds. */
const LONGEST_MS = 1_500;

/** Rules and a trained classifier, as a worker has them. */
function chain() {
  const thread = createJudgingThread({ entry: ENTRY });
  onTestFinished(() => thread.close());
  const local = createLocalLink({
    thread,
    activeId: async () => 'one',
    read: async (id) => ({ id, name: 'support', version: 1, artefact: packModel(model) }),
    now: () => 0,
    checkEveryMs: 1,
    onState: async () => undefined,
  });
  return createChain([rulesLink, local]);
}

/** All that the starter set does with mail: the action of each playbook, and the tags that one may set. */
const STARTER: Readonly<Record<string, string>> = {
  delivery_status: 'reply',
  password_reset: 'reply',
  refund: 'escalate',
  complaint: 'escalate',
  lost_or_stolen: 'escalate',
};
const TAGS = ['urgent', 'money', 'complaint'];
const chooser = starterChooser();

function choose({ subject, text, html }: HostileText, { label, confidence, abstained }: Understanding) {
  const choice = chooser.choose(facts({ route: 'email', label, confidence, subject, text: plainText({ text, html }) }));
  return abstained ? asAbstained(choice) : choice;
}

/** Our words without anything of a message. */
function answerTo(label: string): string[] {
  const { action } = chooser.choose(facts({ route: 'email', label, confidence: 1, subject: null }));
  return action.do === 'reply' ? action.text.split('\n\n') : [];
}

describe('texts that try to command whatever reads them', () => {
  it('are at least a hundred, all different', () => {
    expect(HOSTILE_TEXTS.length).toBeGreaterThanOrEqual(100);
    expect(new Set(HOSTILE_TEXTS.map((one) => JSON.stringify(one))).size).toBe(HOSTILE_TEXTS.length);
  });

  it('lead to no label outside the set, to no action outside the list, and to no word that is not ours', async () => {
    const classifiers = chain();
    await classifiers.classify({ subject: null, text: 'first' }, { modelAnswer: async () => null });
    for (const hostile of HOSTILE_TEXTS) {
      const { subject, text, html } = hostile;
      const what = JSON.stringify({ ...hostile, text: text?.slice(0, 100), html: html?.slice(0, 100) });
      const began = performance.now();
      const input = { subject, text: plainText({ text, html }) };
      const understanding = await classifiers.classify(input, { modelAnswer: async () => null });
      expect(performance.now() - began, what).toBeLessThan(LONGEST_MS);
      if (understanding === 'ask') throw new Error('nobody was to be asked');
      expect(KNOWN.has(understanding.label), what).toBe(true);
      expect(understanding.confidence).toBeGreaterThanOrEqual(0);
      expect(understanding.confidence).toBeLessThanOrEqual(1);
      expect(JSON.stringify(understanding), what).not.toContain(CANARY);

      const { action, playbook, tags } = choose(hostile, understanding);
      expect(Object.keys(ACTIONS), what).toContain(action.do);
      expect(action.do, what).toBe(playbook === null ? 'escalate' : STARTER[playbook.name]);
      for (const tag of tags) expect(TAGS, what).toContain(tag);
      if (action.do !== 'reply') continue;
      // The one place where a word of theirs may stand is the subject in our own sentence.
      const ours = answerTo(understanding.label);
      const others = action.text.split('\n\n').filter((part) => !ours.includes(part));
      expect(others.length, what).toBeLessThanOrEqual(1);
      expect(others.join(), what).not.toMatch(/https?:|<|www\.|\{\{/);
    }
  }, 120_000);

  it('and a language model that obeys every one of them can still do no more than choose a label', async () => {
    const server = await startModelServer();
    onTestFinished(() => server.close());
    server.behave(({ body }) => ({
      says: (JSON.parse(body.messages[1]?.content ?? '{}') as { text?: string }).text ?? '',
    }));
    const client = createModelClient({
      provider: 'compatible',
      model: 'obedient',
      labels: ['refund'],
      key: null,
      url: server.url,
      deadlineMs: 5_000,
    });
    for (const { subject, text, html } of HOSTILE_TEXTS) {
      const prompt = makePrompt({ labels: ['refund'], subject, text: newestPart(plainText({ text, html })) });
      const choice = await client.choose(prompt);
      expect([null, 'refund']).toContain(choice.label);
      expect(JSON.stringify(choice)).not.toContain(CANARY);
    }
  }, 60_000);
});
