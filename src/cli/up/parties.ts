import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from '../../config/config.js';
import type { Environment } from '../../config/layers.js';
import { STARTER_FOLDER } from '../../playbooks/folder.js';

const Secrets = z.object({
  phoneAccount: z.string(),
  phoneToken: z.string(),
  formSecret: z.string(),
  platformSecret: z.string(),
  platformToken: z.string(),
});
type Secrets = z.infer<typeof Secrets>;

/** The parties of the simulated world beside its dashboard: what the simulator is told of them, and what the installation. */
export interface Parties {
  /** Body of the simulator's control route. */
  introduction: Readonly<Record<string, string>>;
  /** Settings of worker and API. */
  settings: Environment;
}

const FORM = 'contact';
const PLATFORM = 'demo-platform';

/** Whether the simulated parties take part: nobody configured a party or playbooks, or a dashboard, of their own. */
export const hasOwnWorld = ({ source, forms, platforms, phone, playbooks }: Config): boolean =>
  source.dashboardUrl !== null ||
  forms.length > 0 ||
  platforms.length > 0 ||
  phone !== null ||
  playbooks.folder !== null;

/**
 * Writes the configuration of the simulated parties below the simulator's folder: what a user would write for real ones, with secrets
 * that are made once per installation, in files of their own that only their owner can read.
 */
export function prepareParties(config: Config, folder: string, simulator: { url: string; token: string }): Parties {
  const own = join(folder, 'parties');
  mkdirSync(own, { recursive: true, mode: 0o700 });
  const secrets = secretsIn(own);
  const api = `http://${hostOf(config.api.host)}:${config.api.port}`;
  const keep = (name: string, text: string): string => {
    const file = join(own, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const form = {
    forms: {
      [FORM]: {
        verify: { scheme: 'standard-webhooks', secrets: [{ file: keep('form-secret', secrets.formSecret) }] },
        fields: {
          submission_id: 'id',
          submitted_at: 'created_at',
          email: 'fields.email',
          name: 'fields.name',
          phone: 'fields.phone',
          message: 'fields.message',
          wants_callback: 'fields.callback',
        },
        required: ['email', 'message'],
        region: 'GB',
        // Nobody real lives there, as on the simulated dashboard.
        mode: config.source.mode ?? 'live',
        answer_from: config.source.answerFrom ?? '1970-01-01T00:00:00.000Z',
        reconcile: {
          by: 'list',
          url: `${simulator.url}/forms/${FORM}/submissions`,
          token: { file: keep('form-list-token', simulator.token) },
        },
      },
    },
  };
  const platforms = {
    reportTo: api,
    platforms: [
      {
        name: PLATFORM,
        url: `${simulator.url}/platform/work`,
        secret: { file: keep('platform-secret', secrets.platformSecret) },
        token: { file: keep('platform-token', secrets.platformToken) },
        outcomeWithinMinutes: 10,
      },
    ],
  };
  return {
    introduction: {
      phoneAccount: secrets.phoneAccount,
      phoneToken: secrets.phoneToken,
      platformSecret: secrets.platformSecret,
      platformToken: secrets.platformToken,
      form: FORM,
      formTarget: `${api}/webhooks/forms/${FORM}`,
      formSecret: secrets.formSecret,
    },
    settings: {
      WAYBILL_FORMS: keep('forms.json', JSON.stringify(form, null, 2)),
      WAYBILL_PLATFORMS: keep('platforms.json', JSON.stringify(platforms, null, 2)),
      WAYBILL_PLAYBOOKS: writePlaybooks(join(own, 'playbooks')),
      WAYBILL_PHONE_URL: `${simulator.url}/phone`,
      WAYBILL_PHONE_ACCOUNT_SID: secrets.phoneAccount,
      WAYBILL_PHONE_AUTH_TOKEN: secrets.phoneToken,
      WAYBILL_PHONE_FROM: '+442079460000',
      WAYBILL_PHONE_PUBLIC_URL: api,
      WAYBILL_PHONE_INSTRUCTIONS_URL: `${simulator.url}/phone/say`,
      WAYBILL_PHONE_REGION: 'GB',
      WAYBILL_PHONE_ZONE: 'Europe/London',
      // A demonstration is looked at by night as well.
      WAYBILL_PHONE_HOURS: 'mon-sun 00:00-24:00',
    },
  };
}

function secretsIn(folder: string): Secrets {
  const file = join(folder, 'secrets.json');
  if (existsSync(file)) return Secrets.parse(JSON.parse(readFileSync(file, 'utf8')));
  const signing = () => `whsec_${randomBytes(32).toString('base64')}`;
  const word = (bytes: number) => randomBytes(bytes).toString('hex');
  const secrets = {
    phoneAccount: `AC${word(16)}`,
    phoneToken: word(24),
    formSecret: signing(),
    platformSecret: signing(),
    platformToken: word(24),
  };
  writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
  return secrets;
}

const HAND_OFF = `name: demo_hand_off
about: money back that was asked for by the form of the simulated world; its platform takes it
priority: 90
when:
  label: refund
  source: form.${FORM}
then:
  hand_off: { platform: ${PLATFORM} }
tags: [money]
`;

/** The starter set, and one playbook that gives the simulated platform something to do. */
function writePlaybooks(folder: string): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const name of readdirSync(STARTER_FOLDER)) copyFileSync(join(STARTER_FOLDER, name), join(folder, name));
  writeFileSync(join(folder, 'demo_hand_off.yaml'), HAND_OFF);
  return folder;
}

/** Where the parties, on this machine, reach an API that may listen on all addresses. */
const hostOf = (host: string): string => (['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host);
