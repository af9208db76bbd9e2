import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Folders whose files take half a minute and more, the slowest first. */
const SLOW = ['test/chaos/', 'test/end-to-end/', 'test/workflow/', 'test/replay/', 'test/containers/'];

const rankOf = ({ moduleId }: TestSpecification): number => {
  const place = SLOW.findIndex((folder) => moduleId.includes(`/${folder}`));
  return place === -1 ? SLOW.length : place;
};

/**
 * Begins with the slow folders, so that a run does not end with one long file alone. Within a folder vitest's own order holds:
 * failed ones, then those that took longest the last time, where it remembers that; a fresh clone remembers nothing.
 */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((a, b) => rankOf(a) - rankOf(b)); // stable
  }
}
