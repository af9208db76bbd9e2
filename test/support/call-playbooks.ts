import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The words of a customer whom these playbooks have called. */
export const callMe = (number: string): string => `I am very disappointed with your service. My number is ${number}.`;

/** The starter playbooks in a folder below the given one, but that a complaint is answered by a call. */
export function playbooksThatCall(folder: string): string {
  const playbooks = join(folder, 'playbooks');
  cpSync('playbooks', playbooks, { recursive: true });
  writeFileSync(
    join(playbooks, 'complaint.yaml'),
    'name: complaint\nabout: discontent is answered by a call\nwhen:\n  label: complaint\nthen: callback\n',
  );
  return playbooks;
}
