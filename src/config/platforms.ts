import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { KINDS } from './kinds.js';
import type { Layer, Problem } from './layers.js';

/** A secret is never written into the file: it is named, in the environment (or .env file) or in a file of its own. */
const Reference = z.union([z.strictObject({ env: z.string().min(1) }), z.strictObject({ file: z.string().min(1) })], {
  error: 'must be {env: NAME} or {file: PATH}',
});

const PlatformEntry = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be small letters, digits and dashes, at most 40')
    .refine((name) => name !== 'dashboard' && name !== 'simulator', 'is the name of a source of messages'),
  url: KINDS.url,
  secret: Reference,
  token: Reference.optional(),
  outcomeWithinMinutes: z.number().min(0.01).max(525_600).default(1_440),
  ratePerSecond: z.number().min(0.001).max(1_000).default(1),
  withContent: z.boolean().default(false),
});

const PlatformsFile = z.strictObject({
  /** Where a platform reaches the API of Waybill. */
  reportTo: KINDS.url.optional(),
  platforms: z.array(PlatformEntry).max(50),
});

export interface PlatformSettings {
  name: string;
  url: string;
  secret: string;
  /** What it shows when it reports an outcome; null: only an operator's token is taken. */
  token: string | null;
  outcomeWithinMs: number;
  ratePerSecond: number;
  withContent: boolean;
  reportTo: string;
}

const FILE = 'WAYBILL_PLATFORMS';
const MINUTE_MS = 60_000;
const LEAST_TOKEN = 24;

/** Reads the file of the outside platforms, YAML or JSON; what cannot be used is named, all of it at once. */
export function readPlatforms(
  path: string | null,
  { layers, api, problems }: { layers: readonly Layer[]; api: { host: string; port: number }; problems: Problem[] },
): PlatformSettings[] {
  if (path === null) return [];
  const problem = (text: string) => void problems.push({ name: FILE, problem: text });
  let given: unknown;
  try {
    given = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code, linePos } = error as { code?: string; linePos?: [{ line: number }] };
    problem(`names a file that cannot be read (${linePos ? `line ${linePos[0].line}` : (code ?? 'no reason given')})`);
    return [];
  }
  const read = PlatformsFile.safeParse(given);
  if (!read.success) {
    for (const issue of read.error.issues) problem(`${issue.path.join('.') || 'the file'}: ${issue.message}`);
    return [];
  }
  const { platforms, reportTo = `http://${api.host}:${api.port}` } = read.data;
  const names = platforms.map(({ name }) => name);
  for (const name of new Set(names.filter((one, index) => names.indexOf(one) !== index)))
    problem(`names the platform ${name} twice`);
  return platforms.flatMap(({ name, secret, token, outcomeWithinMinutes, ...rest }): PlatformSettings[] => {
    const said = (what: string) => `platform ${name}: ${what}`;
    const key = resolve(secret, layers, (why) => problem(said(`secret ${why}`)));
    const word = token ? resolve(token, layers, (why) => problem(said(`token ${why}`))) : null;
    if (key !== null && !KINDS.signing.safeParse(key).success)
      problem(said('secret must be whsec_ and then 24 to 64 bytes in base64'));
    if (word !== null && (word.length < LEAST_TOKEN || !KINDS.token.safeParse(word).success))
      problem(said(`token must be at least ${LEAST_TOKEN} printable ASCII characters without spaces`));
    if (key === null) return [];
    const outcomeWithinMs = Math.round(outcomeWithinMinutes * MINUTE_MS);
    return [{ ...rest, name, secret: key, token: word, outcomeWithinMs, reportTo: reportTo.replace(/\/+$/, '') }];
  });
}

function resolve(
  reference: z.output<typeof Reference>,
  layers: readonly Layer[],
  problem: (why: string) => void,
): string | null {
  if ('env' in reference) {
    const text = layers
      .map(({ values }) => values[reference.env]?.trim())
      .find((one) => one !== undefined && one !== '');
    if (text === undefined) problem(`names the variable ${reference.env}, which is not set`);
    return text ?? null;
  }
  try {
    const text = readFileSync(reference.file, 'utf8').trim();
    if (text === '') problem('names a file that is empty');
    return text === '' ? null : text;
  } catch (error) {
    problem(`names a file that cannot be read (${(error as NodeJS.ErrnoException).code ?? 'no reason given'})`);
    return null;
  }
}
