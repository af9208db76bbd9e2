/** One text whose label is known, with what a classifier said of it. */
export interface Judged {
  truth: string;
  label: string;
  confidence: number;
}

export interface Figures {
  texts: number;
  /** Share of the labels that are right. */
  accuracy: number;
  /** Mean over the labels of the harmonic mean of precision and recall. */
  macroF1: number;
  /** Expected calibration error: mean distance of confidence and share of right labels, over ten bands of confidence. */
  calibrationError: number;
  /** Share of the texts from the threshold on. */
  share: number;
  /** Share of those whose label is right; null where there are none. */
  precision: number | null;
}

const BANDS = 10;

export function figuresOf(judged: readonly Judged[], threshold: number): Figures {
  const right = judged.filter(({ truth, label }) => truth === label).length;
  const decided = judged.filter(({ confidence }) => confidence >= threshold);
  const decidedRight = decided.filter(({ truth, label }) => truth === label).length;
  return {
    texts: judged.length,
    accuracy: shareOf(right, judged.length),
    macroF1: macroF1(judged),
    calibrationError: calibrationError(judged),
    share: shareOf(decided.length, judged.length),
    precision: decided.length === 0 ? null : decidedRight / decided.length,
  };
}

function macroF1(judged: readonly Judged[]): number {
  const counts = new Map<string, { hit: number; said: number; true: number }>();
  const of = (label: string) => {
    const found = counts.get(label) ?? { hit: 0, said: 0, true: 0 };
    counts.set(label, found);
    return found;
  };
  for (const { truth, label } of judged) {
    of(truth).true++;
    of(label).said++;
    if (truth === label) of(truth).hit++;
  }
  const each = [...counts.values()].map(({ hit, said, true: real }) => shareOf(2 * hit, said + real));
  return shareOf(
    each.reduce((sum, one) => sum + one, 0),
    each.length,
  );
}

function calibrationError(judged: readonly Judged[]): number {
  const distances = new Float64Array(BANDS);
  for (const { truth, label, confidence } of judged) {
    const band = Math.min(BANDS - 1, Math.floor(confidence * BANDS));
    distances[band] = (distances[band] ?? 0) + confidence - (truth === label ? 1 : 0);
  }
  return shareOf(
    distances.reduce((sum, one) => sum + Math.abs(one), 0),
    judged.length,
  );
}

const shareOf = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
