import { assembleRig, type Rig, type RigOptions } from './assemble-rig.js';
import { testDatabase, testNamespace } from './servers.js';

export { LIVELY, QUICK, type Rig, type RigOptions, timingVariables } from './assemble-rig.js';

/** A rig on the servers of this test run. */
export const startRig = (options: RigOptions = {}): Promise<Rig> =>
  assembleRig({ database: testDatabase, namespace: testNamespace }, options);
