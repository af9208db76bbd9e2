#!/usr/bin/env node
/** The build step of the image, in which npm ci has run already. */
import { build } from './build.mjs';
import { ROOT } from './paths.mjs';
import { generatePrismaClient } from './prisma-client.mjs';

await generatePrismaClient(ROOT);
await build(ROOT);
