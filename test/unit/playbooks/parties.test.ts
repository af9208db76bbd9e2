import { expect, it } from 'vitest';
import { LABELS } from '../../../src/classify/labels.js';
import { KINDS } from '../../../src/config/kinds.js';
import { loadFolder, partiesFor, STARTER_FOLDER } from '../../../src/playbooks/folder.js';
import { type Parties, readSet } from '../../../src/playbooks/playbook-set.js';
import { problemLine } from '../../../src/playbooks/problem.js';
import { filesOf } from '../../support/playbooks.js';

const HANDS_OFF = { 'a.yaml': 'name: a\nwhen: {}\nthen:\n  hand_off:\n    platform: n8m\n' };
const CALLS = { 'a.yaml': 'name: a\nwhen: {}\nthen: callback\n' };
const told = (files: Record<string, string>, parties: Parties | null) => {
  const { set, problems } = readSet(filesOf(files), null, parties);
  return { isUsable: set !== null, problems: problems.map(problemLine) };
};

it('a platform that is not configured makes the set unusable, with file and line', () => {
  expect(told(HANDS_OFF, { platforms: ['n8n', 'make'], phone: null })).toEqual({
    isUsable: false,
    problems: ['a.yaml:5:15: there is no platform n8m; use one of n8n, make, or configure it in WAYBILL_PLATFORMS'],
  });
  expect(told(HANDS_OFF, { platforms: [], phone: null }).problems).toEqual([
    'a.yaml:5:15: there is no platform n8m; configure it in WAYBILL_PLATFORMS',
  ]);
  expect(told(HANDS_OFF, { platforms: ['n8m'], phone: null })).toEqual({ isUsable: true, problems: [] });
  expect(told(HANDS_OFF, null)).toEqual({ isUsable: true, problems: [] });
});

it('a call without a phone provider does as well', () => {
  expect(told(CALLS, { platforms: [], phone: false })).toEqual({
    isUsable: false,
    problems: [
      'a.yaml:3:7: nobody can be called: there is no phone provider; configure one by WAYBILL_PHONE_FROM and its neighbours',
    ],
  });
  expect(told(CALLS, { platforms: [], phone: true })).toEqual({ isUsable: true, problems: [] });
});

it('the starter set is usable without a phone provider', () => {
  const parties = partiesFor(STARTER_FOLDER, { platforms: [], phone: false });
  expect(loadFolder(STARTER_FOLDER, Object.keys(LABELS), parties).problems).toEqual([]);
  expect(partiesFor('/elsewhere', { platforms: [], phone: false }).phone).toBe(false);
});

it('a region without telephone numbers is no region', () => {
  expect(KINDS.region.safeParse('GB').success).toBe(true);
  for (const region of ['XX', 'gb', 'UK', '']) expect(KINDS.region.safeParse(region).success).toBe(false);
});
