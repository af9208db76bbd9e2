import { auditSeeds } from '../audits/audit-seeds.js';
import type { Bench } from '../report.js';
import { goal } from '../report.js';

const SEEDS = 1_000;

/** The same seeds each time, whatever --seed says: the claim is about these. */
export const bench: Bench = {
  describe:
    '1,000 seeded audits: how often the interval holds the truth, and what is said of threads that were never listed',
  async run({ say }) {
    const { held, unknown, neverListed, misjudged, price, ...details } = auditSeeds(1, SEEDS, (done) =>
      say(`${done} of ${SEEDS} audits`),
    );
    return {
      goals: [
        goal('intervals of figure (a) that hold the truth', held, `of ${SEEDS}`, '>= 930'),
        goal('audits without a witness in which figure (b) reads unknown', unknown, `of ${SEEDS}`, `= ${SEEDS}`),
        goal('finds whose verdict is not the truth', misjudged, 'messages', '= 0'),
        goal('worlds of these that hold threads which were never listed', neverListed, `of ${SEEDS}`, `= ${SEEDS}`),
        goal('bound where nothing was lost, over that of as many single messages', price, 'x', '<= 2'),
      ],
      details,
    };
  },
};
