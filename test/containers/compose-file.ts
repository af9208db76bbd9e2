import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export interface Service {
  image?: string;
  command?: string[];
  entrypoint?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  profiles?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { disable?: boolean };
  read_only?: boolean;
  cap_drop?: string[];
}

const TEXT = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8');

const fillText = (text: string, variables: Record<string, string>): string =>
  text
    .replace(/\$\{(\w+)(?::([?-])([^}]*))?\}/g, (_all, name: string, kind?: string, rest?: string) => {
      const value = variables[name];
      if (value !== undefined && value !== '') return value;
      if (kind === '?') throw new Error(`${name}: ${rest}`);
      return rest ?? '';
    })
    .replaceAll('$$', '$');

/** The services of docker-compose.yml with the variables of .env put into its texts, as compose does it. */
export const composeServices = (variables: Record<string, string> = {}): Record<string, Service> => {
  const file: unknown = parse(TEXT, { merge: true });
  const filled: unknown = JSON.parse(JSON.stringify(file), (_key, value: unknown) =>
    typeof value === 'string' ? fillText(value, variables) : value,
  );
  return (filled as { services: Record<string, Service> }).services;
};

/** Names of the variables without which compose refuses to start. */
export const requiredVariables = (): string[] => [
  ...new Set([...TEXT.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name ?? '')),
];
