import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { composeServices, requiredVariables } from './compose-file.js';

const ENV = {
  POSTGRES_PASSWORD: 'ledger-password',
  TEMPORAL_POSTGRES_PASSWORD: 'temporal-password',
  WAYBILL_DASHBOARD_URL: 'https://dashboard.example.com',
  WAYBILL_DASHBOARD_TOKEN: 'token',
};
const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const services = composeServices(ENV);
const named = Object.entries(services);

it('every image is pinned to a full version', () => {
  for (const [name, { image }] of named)
    expect([name, image]).toEqual([name, expect.stringMatching(/:\d+\.\d+(\.\d+)?(-[\w.-]+)?$/)]);
  const stages = [...read('Dockerfile').matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
  expect(stages).toHaveLength(3);
  for (const image of stages) expect(image).toMatch(/^node:24\.\d+\.\d+-slim$/);
});

it('no password and no dashboard has a default', () => {
  expect(requiredVariables().sort()).toEqual(Object.keys(ENV).sort());
  for (const name of Object.keys(ENV)) expect(() => composeServices({ ...ENV, [name]: '' })).toThrow(name);
  const secrets = named.flatMap(([, { environment }]) =>
    Object.entries(environment ?? {}).filter(([name]) => /PASSWORD|PWD|TOKEN/.test(name)),
  );
  expect(secrets.length).toBeGreaterThan(4);
  // That of a phone provider is empty, which is unset, where nobody is called.
  for (const [, value] of secrets) expect([...Object.values(ENV), '']).toContain(value);
});

it('a dashboard is observed unless .env says otherwise', () => {
  expect(services['worker-source']?.environment?.WAYBILL_MODE).toBe('observe');
});

it('what sources, alarms, attachments, classifiers, calls and hand-offs are set by reaches every process of ours', async () => {
  const { VARIABLES } = await import('../../src/config/variables.js');
  const wanted = Object.entries(VARIABLES)
    .filter(([, { group }]) => ['source', 'alarms', 'attachments', 'classifier', 'phone', 'people'].includes(group))
    .map(([name]) => name)
    // no probe of a container writes mail, a rate is the other way to say a limit, and there is one source
    .filter((name) => !/INBOUND_SENDER|SOURCE_RATE|MAILBOX_GROUP/.test(name));
  for (const name of ['worker-intake', 'worker-lifecycle', 'worker-source', 'api'])
    expect(Object.keys(services[name]?.environment ?? {}), name).toEqual(expect.arrayContaining(wanted));
});

it('no port is open beyond this machine', () => {
  const ports = named.flatMap(([, service]) => service.ports ?? []);
  expect(ports.length).toBeGreaterThan(0);
  for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
});

it('Temporal has a Postgres of its own, and the deprecated image is not used', () => {
  expect(services.postgres?.image).toMatch(/^postgres:18\./);
  expect(services.postgres?.volumes).toEqual(['waybill-postgres:/var/lib/postgresql']); // 18 refuses .../data
  expect(services.temporal?.environment?.POSTGRES_SEEDS).toBe('temporal-postgres');
  expect(read('docker-compose.yml')).not.toContain('auto-setup');
});

it('every one-shot job is done before what needs it starts', () => {
  const waitsFor = (name: string, job: string) => services[name]?.depends_on?.[job]?.condition;
  expect(waitsFor('migrate', 'postgres')).toBe('service_healthy');
  expect(waitsFor('temporal', 'temporal-schema')).toBe('service_completed_successfully');
  for (const name of ['worker-intake', 'worker-lifecycle', 'worker-source', 'api']) {
    expect([name, waitsFor(name, 'migrate')]).toEqual([name, 'service_completed_successfully']);
    expect([name, waitsFor(name, 'temporal-setup')]).toEqual([name, 'service_completed_successfully']);
  }
});

it('the workers together hold every role, and the simulator comes with the demo only', () => {
  const roles = named.flatMap(([, { command }]) => (command?.[0] === 'worker' ? (command[2] ?? '').split(',') : []));
  expect(roles.sort()).toEqual(['intake', 'lifecycle', 'providers', 'source:dashboard']);
  expect(named.filter(([, { profiles }]) => profiles !== undefined).map(([name]) => name)).toEqual(['simulator']);
});

it('our containers run without privileges', () => {
  for (const [name, service] of named.filter(([, { image }]) => image?.startsWith('waybill:'))) {
    expect([name, service.read_only, service.cap_drop]).toEqual([name, true, ['ALL']]);
  }
  expect(read('Dockerfile').lastIndexOf('USER node')).toBeGreaterThan(read('Dockerfile').lastIndexOf('RUN '));
});

it('Temporal gets the settings that the embedded server gets', async () => {
  const { serverArguments } = await import('../../src/embedded/temporal-arguments.js');
  const embedded = serverArguments({ dataDir: null, port: 1, uiPort: null, namespaces: [], searchAttributes: {} });
  const settings = parse(read('deploy/temporal/dynamic-config.yaml')) as Record<string, { value: unknown }[]>;
  const asArguments = Object.entries(settings).map(([key, [setting]]) => `${key}=${JSON.stringify(setting?.value)}`);
  expect(embedded.filter((argument) => argument.startsWith('matching.'))).toEqual(asArguments);
});

it('the page about containers names every service and every variable that is required', () => {
  const page = read('docs/reference/containers.md');
  for (const name of [...Object.keys(services), ...requiredVariables()]) expect(page).toContain(`| \`${name}\` |`);
});
