import { expect, it } from 'vitest';
import { type LabOptions, runLab } from '../../../bench/probes/lab.js';
import { testDatabase } from '../../support/servers.js';

/** A short form of `npm run prove -- probes`, which shows the same for every oddity and for the faulty profile. */
const WORLDS: Pick<LabOptions, 'profile' | 'only'>[] = [
  { profile: 'documented' },
  { profile: 'observed' },
  { profile: 'documented', only: 'late-listing' },
  { profile: 'documented', only: 'vanishing-message' },
  { profile: 'documented', only: 'broken-reply' },
  { profile: 'documented', only: 'empty-list' },
];

it.each(WORLDS)(
  'probes of a dashboard that is $profile, with $only alone, refute exactly the claims that it breaks',
  async (world) => {
    const database = await testDatabase();
    try {
      const { wrong, leftOut } = await runLab({ databaseUrl: database.url, seed: 2, ...world });
      expect({ wrong, leftOut }).toEqual({ wrong: [], leftOut: [] });
    } finally {
      await database.drop();
    }
  },
  180_000,
);
