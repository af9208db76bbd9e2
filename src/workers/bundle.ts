import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { BUILD_FILE, BUNDLE_FILE } from './bundle-files.js';

/** Bundles the compiled workflows once, at build time, beside the compiled code; the hash of the bundle is the build id. */
const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('../workflows/index.js', import.meta.url)),
  logger: new DefaultLogger('WARN'),
});
writeFileSync(BUNDLE_FILE, code);
writeFileSync(BUILD_FILE, JSON.stringify({ buildId: createHash('sha256').update(code).digest('hex').slice(0, 16) }));
