import { ageSteps } from './reply-model.js';
import type { KindCount, ReplyModel } from './world.js';

/**
 * The least product of visits and total delay (visits x minutes) that any schedule can reach that knows the age of a silence alone, and
 * that any can that knows the kind of the thread as well: 1/2 (int sqrt(S f) da)^2, by Cauchy-Schwarz. Source: SCHEDULING 3.2.
 */
export function boundsOf(model: ReplyModel, kinds: readonly KindCount[]): { ageOnly: number; classAware: number } {
  let ageOnly = 0;
  let classAware = 0;
  for (const { width, density, arrived } of ageSteps(model)) {
    let survivors = 0;
    let ending = 0;
    for (const { silences, q } of kinds) {
      survivors += silences * (1 - q * arrived);
      ending += silences * q * density;
      classAware += silences * Math.sqrt((1 - q * arrived) * q * density) * width;
    }
    ageOnly += Math.sqrt(survivors * ending) * width;
  }
  return { ageOnly: ageOnly ** 2 / 2, classAware: classAware ** 2 / 2 };
}
