import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as failures from '../../../src/domain/failures.js';
import * as events from '../../../src/domain/lifecycle-events.js';
import * as reasons from '../../../src/domain/reasons.js';
import * as states from '../../../src/domain/states.js';

type Table = Readonly<Record<string, string>>;

/** The closed table that each section of docs/lifecycle.md shows. */
const SECTIONS: Record<string, Table> = {
  States: states.STATES,
  'Waiting kinds': states.WAITING_KINDS,
  Dispositions: states.DISPOSITIONS,
  Ignored: reasons.IGNORE_REASONS,
  Escalated: reasons.ESCALATE_REASONS,
  Superseded: reasons.SUPERSEDE_REASONS,
  Outbound: reasons.OUTBOUND_REASONS,
  Answered: reasons.ANSWER_REASONS,
  Completed: reasons.COMPLETE_REASONS,
  Parked: reasons.PARK_REASONS,
  Failures: failures.FAILURES,
  Events: events.LIFECYCLE_EVENTS,
  Modes: states.MODES,
  Routes: states.ROUTES,
  'First seen by': states.FIRST_SEEN_BY,
  'Replies in the outbox': states.OUTBOX_STATES,
  Cases: states.CASE_STATES,
  'What is parked': states.PARK_KINDS,
  Parks: states.PARK_STATES,
  Attachments: states.ATTACHMENT_STATES,
};

/** Rows of each section: name, meaning and, where there is a third column, what it says. */
function readSections(page: string): Map<string, string[][]> {
  const sections = page.split(/^### /m).slice(1);
  return new Map(
    sections.map((section) => {
      const [title = '', ...lines] = section.split('\n');
      const rows = lines
        .filter((line) => line.startsWith('| `'))
        .map((line) =>
          line
            .slice(1, -1)
            .split(' | ')
            .map((cell) => cell.trim()),
        );
      return [title, rows.map(([name = '', ...rest]) => [name.replaceAll('`', ''), ...rest])];
    }),
  );
}

const page = readSections(readFileSync('docs/lifecycle.md', 'utf8'));

describe('docs/lifecycle.md', () => {
  it('has a section for every closed table and no other section', () => {
    expect([...page.keys()].sort()).toEqual(Object.keys(SECTIONS).sort());
    const tables = [states, reasons, failures, events].flatMap((module) => Object.values<unknown>({ ...module }));
    const closed = tables.filter((one) => typeof one === 'object' && one !== null && one !== reasons.MESSAGE_REASONS);
    expect(closed.filter((one) => !Object.values(SECTIONS).includes(one as Table))).toEqual([]);
    expect(closed).toHaveLength(Object.keys(SECTIONS).length);
  });

  it.each(Object.entries(SECTIONS))(
    'says of %s what the table says: the same names, the same meanings',
    (title, table) => {
      const shown = (page.get(title) ?? []).map(([name, meaning]) => [name, meaning]);
      expect(shown).toEqual(Object.entries(table));
    },
  );

  it('names a way out for every state, waiting kind, reason and failure', () => {
    for (const title of [
      'States',
      'Waiting kinds',
      'Ignored',
      'Escalated',
      'Parked',
      'Failures',
      'Replies in the outbox',
    ])
      for (const row of page.get(title) ?? []) expect(row[2]?.trim(), `${title}: ${row[0]}`).toBeTruthy();
  });
});
