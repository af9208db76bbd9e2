import { ODDITIES } from '../../src/simulator/oddities.js';
import { type LabOptions, runLab } from '../probes/lab.js';
import { type Bench, goal } from '../report.js';
import { makeDatabase, withPostgres } from '../support/servers.js';

export const bench: Bench = {
  describe: 'probes refute exactly the claims that the simulator breaks: three profiles, and each oddity alone',
  run: ({ seed, say }) =>
    withPostgres(
      async (serverUrl) => {
        const worlds: Pick<LabOptions, 'profile' | 'only'>[] = [
          { profile: 'documented' },
          { profile: 'observed' },
          { profile: 'faulty' },
          ...ODDITIES.map(({ name }) => ({ profile: 'documented' as const, only: name })),
        ];
        const wrong: Record<string, string[]> = {};
        let exact = 0;
        let verified = 0;
        for (const world of worlds) {
          const database = await makeDatabase(serverUrl);
          try {
            const result = await runLab({ databaseUrl: database.url, seed, ...world });
            const name = world.only ?? world.profile;
            if (result.wrong.length === 0) exact += 1;
            else wrong[name] = result.wrong;
            if (name === 'documented') verified = result.claims.filter((one) => one.verdict === 'verified').length;
            say(`${name}: ${result.wrong.length === 0 ? 'exact' : result.wrong.join(', ')}, ${result.calls} calls`);
          } finally {
            await database.drop();
          }
        }
        return {
          goals: [
            goal('worlds in which exactly the broken claims are refuted', exact, 'worlds', `= ${worlds.length}`),
            goal('claims verified against documented', verified, 'claims', '>= 25'),
          ],
          details: { worlds: worlds.length, wrong },
        };
      },
      { unsafeFast: true },
    ),
};
