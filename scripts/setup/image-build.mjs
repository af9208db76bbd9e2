#!/usr/bin/env node
/** The build step of the image, in which npm ci has run already. */
import { build } from './build.mjs';
import { ROOT } from './paths.mjs';

await build(ROOT);
