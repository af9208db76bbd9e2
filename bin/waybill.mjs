#!/usr/bin/env node
/** The `waybill` command: in a checkout it builds what changed first, in an image it runs what is there. */
import { existsSync } from 'node:fs';

const setup = new URL('../scripts/setup.mjs', import.meta.url);
if (existsSync(setup)) await (await import(setup.href)).setupOrExit();
await import('../dist/cli/main.js');
