import { ANSWER_ODDITIES } from './answer-oddities.js';
import type { Oddity } from './oddity.js';
import { THREAD_ODDITIES } from './thread-oddities.js';

/**
 * What a server of the contract has been seen to do instead of what its documentation says. Each row can be switched
 * alone; `statement` is the contract's x-observed text, word for word (test/simulator/oddities.test.ts compares both ways).
 */
export const ODDITY_TABLE = [...THREAD_ODDITIES, ...ANSWER_ODDITIES] as const satisfies readonly Oddity[];
