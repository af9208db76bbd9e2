import { HORIZON, MINUTE, REPLY_MODELS, type ReplyModel } from './world.js';

/** Complementary error function, to 1.2e-7. Source: Numerical Recipes, erfcc. */
function erfc(x: number): number {
  const z = Math.abs(x);
  const t = 1 / (1 + z / 2);
  const terms = [
    1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277,
  ];
  const sum = terms.reduceRight((inner, term) => term + t * inner, 0);
  const value = t * Math.exp(-z * z - 1.26551223 + t * sum);
  return x >= 0 ? value : 2 - value;
}

const STEPS = 4_000;

export interface AgeStep {
  /** Minutes of silence, and the width of the step around it. */
  age: number;
  width: number;
  /** Of the replies that ever come: density per minute at this age, and the share that has come by then. */
  density: number;
  arrived: number;
}

/** The reply model on a fine logarithmic grid up to the horizon, for integrals over the age of a silence. */
export function ageSteps(model: ReplyModel): AgeStep[] {
  const { medianMs, sigma } = REPLY_MODELS[model];
  const [from, to] = [Math.log(1e-3), Math.log(HORIZON / MINUTE)];
  const step = (to - from) / STEPS;
  return Array.from({ length: STEPS }, (_, index) => {
    const age = Math.exp(from + (index + 0.5) * step);
    const z = Math.log(age / (medianMs / MINUTE)) / sigma;
    const density = Math.exp((-z * z) / 2) / (sigma * Math.sqrt(2 * Math.PI) * age);
    return { age, width: age * step, density, arrived: erfc(-z / Math.SQRT2) / 2 };
  });
}
