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

/** The services of docker-compose.yml with the variables of .env put in, as compose would. */
export const composeServices = (variables: Record<string, string> = {}): Record<string, Service> => {
  const filled = TEXT.replace(/\$\{(\w+)(?::([?-])([^}]*))?\}/g, (_all, name: string, kind?: string, rest?: string) => {
    const value = variables[name];
    if (value !== undefined && value !== '') return value;
    if (kind === '?') throw new Error(`${name}: ${rest}`);
    return rest ?? '';
  }).replaceAll('$$', '$');
  return (parse(filled, { merge: true }) as { services: Record<string, Service> }).services;
};

/** Names of the variables without which compose refuses to start. */
export const requiredVariables = (): string[] => [
  ...new Set([...TEXT.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name ?? '')),
];
