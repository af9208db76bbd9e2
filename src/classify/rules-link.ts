import { UNKNOWN_LABEL } from '../domain/understanding.js';
import type { Link } from './chain.js';
import { ruleClassifier } from './rules.js';

/** The rules as a link of the chain: where no rule knows the message, the next one is asked. */
export const rulesLink: Link = {
  async classify(input) {
    const understanding = await ruleClassifier.classify(input);
    if (understanding.label !== UNKNOWN_LABEL) return { kind: 'understood', understanding };
    const { classifier, reasons } = understanding;
    return { kind: 'abstains', classifier, reasons, isUnsure: false };
  },
};
