import type { Action, Choice } from '../domain/actions.js';
import { UNKNOWN_LABEL } from '../domain/understanding.js';
import type { Chooser, Facts } from './chooser.js';
import { type Judged, judge } from './conditions.js';
import {
  type Playbook,
  type PlaybookContent,
  type PlaybookSet,
  readSet,
  SHARED_FILE,
  templateOf,
} from './playbook-set.js';

/** How many playbooks that do not apply are named with their reason. */
const NAMED = 5;

/** Chooses from a set: the first playbook, by priority and name, whose conditions all hold. */
export const chooserOf = (set: PlaybookSet): Chooser => ({
  choose(facts) {
    try {
      return chooseFrom(set, facts);
    } catch {
      return unusable('the playbooks could not be asked');
    }
  },
});

/** What is decided while no set can be used: a person takes it. */
export const unusableChooser = (evidence: string): Chooser => ({ choose: () => unusable(evidence) });

const unusable = (evidence: string, playbook: Choice['playbook'] = null): Choice => ({
  playbook,
  action: { do: 'escalate', reason: 'playbook_unusable', evidence },
  asksApproval: false,
  tags: [],
  reasons: [evidence],
});

function chooseFrom(set: PlaybookSet, facts: Facts): Choice {
  const judged = set.playbooks.map((playbook) => ({ playbook, judged: judge(playbook.when, facts, set.shared) }));
  const chosen = judged.find((one) => one.judged.every(({ holds }) => holds));
  const passedOver = judged
    .slice(0, chosen === undefined ? judged.length : judged.indexOf(chosen))
    // Of a playbook for something else altogether nobody asks why it was not taken.
    .filter((one) => one.judged[0]?.holds !== false)
    .map((one) => `not ${one.playbook.name}: it wants ${failing(one.judged)}`)
    .slice(0, NAMED);
  if (chosen === undefined) {
    const reason = facts.label === UNKNOWN_LABEL ? 'unknown_intent' : 'no_playbook';
    const reasons = [`no playbook applies to the label ${facts.label}`, ...passedOver];
    return { playbook: null, action: { do: 'escalate', reason }, asksApproval: false, tags: [], reasons };
  }
  const next = judged.slice(judged.indexOf(chosen) + 1).find((one) => one.judged.every(({ holds }) => holds))?.playbook;
  const { playbook } = chosen;
  const applies = `${playbook.name} applies: ${chosen.judged.map(({ says }) => says).join(', ') || 'it has no condition'}`;
  const before = next ? [`${next.name} applies too and is asked later (${orderOf(playbook, next)})`] : [];
  return applyPlaybook(set, playbook, facts, [applies, ...passedOver, ...before]);
}

const failing = (judged: readonly Judged[]): string =>
  judged
    .filter(({ holds }) => !holds)
    .map(({ says }) => says)
    .join(', ');

const orderOf = (one: Playbook, next: Playbook): string =>
  one.priority === next.priority
    ? `both of priority ${one.priority}, by name`
    : `priority ${next.priority} after ${one.priority}`;

/** What a playbook has done, whether or not its conditions hold. */
function applyPlaybook(set: PlaybookSet, playbook: Playbook, facts: Facts, reasons: readonly string[]): Choice {
  const { name, version, then, tags, approval } = playbook;
  const done = (action: Action): Choice => ({
    playbook: { name, version },
    action,
    asksApproval: approval === 'always',
    tags,
    reasons,
  });
  if (then.callback) return done({ do: 'callback' });
  if (then.hand_off) return done({ do: 'hand_off', platform: then.hand_off.platform });
  if (then.close) return done({ do: 'close' });
  if (then.escalate) return done({ do: 'escalate', reason: 'escalated_by_playbook', evidence: `playbook ${name}` });
  const template = templateOf(playbook);
  try {
    const text = set.templates.render({ name: template, verbatim: then.reply?.verbatim ?? [] }, facts);
    return done({ do: 'reply', template, text });
  } catch (error) {
    // Liquid's own words can quote a value; its kind says enough together with the template.
    const why =
      error instanceof Error && error.name === 'Error'
        ? error.message
        : `the template ${template} could not be rendered`;
    return unusable(why, { name, version });
  }
}

/**
 * What a version chose that was recorded earlier does with a message now: its conditions are not asked again, since they held when
 * it was decided. Null where the content cannot be read any more.
 */
export function chooseKept(content: PlaybookContent, facts: Facts): Choice | null {
  const { file, yaml, templates, shared } = content;
  const files = [
    { name: file, text: yaml },
    ...Object.entries(templates).map(([name, text]) => ({ name, text })),
    ...(shared === null ? [] : [{ name: SHARED_FILE, text: shared }]),
  ];
  const { set } = readSet(files, null);
  const playbook = set?.playbooks[0];
  return set && playbook ? applyPlaybook(set, playbook, facts, [`${playbook.name} was chosen before`]) : null;
}
