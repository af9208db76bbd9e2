import type { Config } from '../config/config.js';
import type { HandOffDeps } from '../delivery/hand-off.js';
import { WaybillError } from '../domain/failures.js';
import type { Parties } from '../playbooks/playbook-set.js';
import { createPlatformClient } from '../sources/platform/client.js';
import type { ConfiguredProvider } from './configured-providers.js';

/** Outside platforms as providers: each has a queue, a pacer and a budget of its own. */
export const configuredPlatforms = ({ platforms }: Config): ConfiguredProvider[] =>
  platforms.map(({ name, ratePerSecond }) => ({
    name,
    kind: 'platform',
    ratePerSecond,
    // Not bound to an address: what is handed off is known to the platform by our own ids, wherever it has moved to.
    binding: (now) => ({
      name,
      kind: 'platform',
      origin: `platform:${name}`,
      mailboxGroup: name,
      ratePerSecond,
      firstMode: 'observe',
      mode: null,
      answerFrom: null,
      now,
    }),
  }));

/** The configured platforms with a client for each. */
export function connectPlatforms(
  { platforms, timing }: Config,
  onPause: (name: string, retryAfterMs: number | undefined) => Promise<void>,
): Pick<HandOffDeps, 'platformOf' | 'platformClientOf'> & { close(): Promise<void> } {
  const known = new Map(
    platforms.map((platform) => {
      const { name, url, secret } = platform;
      const pause = (retryAfterMs: number | undefined) => onPause(name, retryAfterMs);
      const client = createPlatformClient({ url, secret, deadlineMs: timing.sendDeadlineMs, onPause: pause });
      return [name, { platform, client }];
    }),
  );
  const of = (name: string) => {
    const found = known.get(name);
    if (!found) throw new WaybillError('ConfigurationInvalid', `This worker knows no platform "${name}".`);
    return found;
  };
  return {
    platformOf: (name) => of(name).platform,
    platformClientOf: (name) => of(name).client,
    async close() {
      await Promise.all([...known.values()].map(({ client }) => client.close()));
    },
  };
}

/** Whom the playbooks of this configuration can give work to. */
export const configuredParties = ({ platforms, phone }: Pick<Config, 'platforms' | 'phone'>): Parties => ({
  platforms: platforms.map(({ name }) => name),
  phone: phone !== null,
});
