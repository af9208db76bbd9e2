import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { ALL_VARIABLES } from './all-variables.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Problem {
  name: string;
  problem: string;
}

export type Origin = 'default' | 'command line' | 'environment' | '.env file' | 'secret file';

export interface Layer {
  origin: Origin;
  values: Environment;
}

export interface Found {
  text: string;
  origin: Origin;
}

export const isSet = (text: string | undefined): text is string => text !== undefined && text.trim() !== '';

export const why = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'it cannot be read';

/** The variables of a .env file; a file that is not there is no problem, one that cannot be read is. */
export function readEnvFile(path: string, problems: Problem[]): Environment {
  try {
    return parseEnv(readFileSync(path, 'utf8')) as Environment;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      problems.push({ name: path, problem: `cannot be read (${why(error)})` });
    return {};
  }
}

/** The value that a secret's NAME_FILE points at, without the line end that editors and secret stores append. */
function readSecretFile(name: string, path: string, problems: Problem[]): string | null {
  try {
    const text = readFileSync(path, 'utf8').replace(/[\r\n]+$/, '');
    if (isSet(text)) return text;
    problems.push({ name, problem: 'names a file that is empty' });
  } catch (error) {
    problems.push({ name, problem: `names a file that cannot be read (${why(error)})` });
  }
  return null;
}

/**
 * Looks a variable up, the strongest layer first. An empty value is none. NAME_FILE counts in the layer in which it stands,
 * so that a secret file of the real environment is stronger than a value of the .env file.
 */
export function lookUp(name: string, layers: readonly Layer[], problems: Problem[]): Found | null {
  const secret = ALL_VARIABLES.get(name)?.secret === true;
  for (const { origin, values } of layers) {
    const text = values[name];
    const file = secret ? values[`${name}_FILE`] : undefined;
    if (isSet(text) && isSet(file))
      problems.push({ name, problem: `is set together with ${name}_FILE; keep one of them` });
    if (isSet(text)) return { text: text.trim(), origin };
    if (!isSet(file)) continue;
    const read = readSecretFile(`${name}_FILE`, file.trim(), problems);
    return read === null ? null : { text: read, origin: 'secret file' };
  }
  return null;
}
