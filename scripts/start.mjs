#!/usr/bin/env node
/** `npm start`: set-up, then `waybill up` in this same process, so that Ctrl-C reaches one process. */
import { setupOrExit } from './setup.mjs';

await setupOrExit();
process.argv.splice(2, 0, 'up');
await import('../dist/cli/main.js');
