import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupFailure } from './failure.mjs';
import { contentHashOf, readNote } from './fingerprint.mjs';
import { withProgress } from './progress.mjs';
import { run, tail } from './run.mjs';

/** Generates the Prisma client, which one benchmark compares us with, when the schema or the locked Prisma changed. */
export const generatePrismaClient = async (root) => {
  const schema = join(root, 'prisma', 'schema.prisma');
  if (!existsSync(schema)) return;
  rmSync(join(root, 'src', 'ledger', 'generated'), { recursive: true, force: true }); // where a checkout from before ADR 28 has it
  const note = join(root, 'bench', 'generated', '.schema.sha256');
  const wanted = contentHashOf([schema, join(root, 'package-lock.json')]);
  if (readNote(note) === wanted) return;
  // Generation asks for an engine that it never calls, and would download it.
  const engine = process.platform === 'win32' ? process.execPath : '/bin/true';
  const env = {
    ...process.env,
    PRISMA_SCHEMA_ENGINE_BINARY: engine,
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  };
  const prisma = join(root, 'node_modules', 'prisma', 'build', 'index.js');
  const result = await withProgress('generating the Prisma client', () =>
    run(process.execPath, [prisma, 'generate'], { cwd: root, env }),
  );
  if (!result.ok)
    throw new SetupFailure(`prisma generate failed: mend prisma/schema.prisma; it said:\n${tail(result.output)}`);
  writeFileSync(note, wanted);
};
