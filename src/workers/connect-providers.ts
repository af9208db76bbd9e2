import type { ActivityDeps } from '../activities/deps.js';
import type { Config } from '../config/config.js';
import { WaybillError } from '../domain/failures.js';
import type { Courtesy } from '../sources/courtesy.js';
import { createFormClient } from '../sources/forms/client.js';
import { connectPhone } from './phone-provider.js';
import { connectPlatforms } from './platforms.js';
import type { Roles } from './roles.js';

export interface ConnectedProviders {
  providers: Pick<ActivityDeps, 'clientOf' | 'phoneOf' | 'formClientOf' | 'platformOf' | 'platformClientOf'>;
  close(): Promise<void>;
}

/** A client for every outside system that a worker of these roles calls. Nothing is asked of any of them here. */
export function connectProviders(config: Config, roles: Roles, courtesy: Courtesy): ConnectedProviders {
  const closes: (() => Promise<unknown>)[] = [];
  const clients = new Map(
    [...roles.sources, ...roles.backfills].map(({ name, connect }) => [
      name,
      connect((retryAfterMs) => courtesy.pause(name, retryAfterMs)),
    ]),
  );
  for (const one of clients.values()) closes.push(() => one.close());
  const phone = connectPhone(config, roles.providers, courtesy);
  if (phone) closes.push(() => phone.close());
  const formClients = new Map(
    config.forms.map((form) => [
      form.source,
      createFormClient(form, {
        deadlineMs: config.timing.callDeadlineMs,
        onPause: (retryAfterMs) => courtesy.pause(form.source, retryAfterMs),
      }),
    ]),
  );
  for (const one of formClients.values()) closes.push(() => one.close());
  const platforms = connectPlatforms(config, (name, retryAfterMs) => courtesy.pause(name, retryAfterMs));
  closes.push(platforms.close);
  return {
    providers: {
      platformOf: platforms.platformOf,
      platformClientOf: platforms.platformClientOf,
      clientOf(name) {
        const found = clients.get(name);
        if (!found)
          throw new WaybillError('ConfigurationInvalid', `This worker has no access to the source "${name}".`);
        return found;
      },
      phoneOf(name) {
        if (phone) return phone;
        throw new WaybillError('ConfigurationInvalid', `This worker has no access to the provider "${name}".`);
      },
      formClientOf: (name) => formClients.get(name) ?? null,
    },
    async close() {
      for (const close of closes.reverse()) await close();
    },
  };
}
