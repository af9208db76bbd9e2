import type { Facts } from '../../src/playbooks/chooser.js';
import { loadFolder, STARTER_FOLDER } from '../../src/playbooks/folder.js';
import { type PlaybookSet, readSet } from '../../src/playbooks/playbook-set.js';
import { problemLine } from '../../src/playbooks/problem.js';
import { chooserOf } from '../../src/playbooks/set-chooser.js';

/** Facts of an e-mail about which nothing special is known. */
export const facts = (given: Partial<Facts> = {}): Facts => ({
  source: 'dashboard',
  channel: 'email',
  route: 'email',
  label: 'delivery_status',
  confidence: 1,
  language: null,
  from: null,
  subject: null,
  text: '',
  threadStatus: 'open',
  isFirstMessage: true,
  repliesSoFar: 0,
  at: new Date(0),
  ...given,
});

const usable = ({ set, problems }: ReturnType<typeof readSet>): PlaybookSet => {
  if (set === null) throw new Error(problems.map(problemLine).join('\n'));
  return set;
};

/** The set that comes with the product. */
export const starterSet = (): PlaybookSet => usable(loadFolder(STARTER_FOLDER, null));
export const starterChooser = () => chooserOf(starterSet());

/** A set of files that are written in a test, by name. */
export const filesOf = (files: Record<string, string>) => Object.entries(files).map(([name, text]) => ({ name, text }));
export const setOf = (files: Record<string, string>): PlaybookSet => usable(readSet(filesOf(files), null));

/** Every problem of such files, as it is printed. */
export const problemsOf = (files: Record<string, string>, labels: readonly string[] | null = null): string[] =>
  readSet(filesOf(files), labels).problems.map(problemLine);
