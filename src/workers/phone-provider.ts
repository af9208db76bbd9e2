import type { Config } from '../config/config.js';
import { isZone } from '../delivery/calling/hours.js';
import type { CallingSetup } from '../delivery/calling/setup.js';
import { WaybillError } from '../domain/failures.js';
import type { Courtesy } from '../sources/courtesy.js';
import { dashboardOrigin } from '../sources/dashboard/origin.js';
import { createPhoneClient, type PhoneClient } from '../sources/phone/client.js';
import type { ConfiguredProvider } from './configured-providers.js';

const NAME = 'phone';

/** The phone provider of the configuration; null where nobody is called. */
export function phoneProvider({ phone, simulator }: Config): ConfiguredProvider | null {
  if (phone === null) return null;
  return {
    name: NAME,
    kind: 'phone',
    ratePerSecond: phone.ratePerSecond,
    binding: (now) => ({
      name: NAME,
      kind: 'phone',
      // The simulated provider is the same on whatever port its world listens.
      origin: isWithin(simulator.url, phone.url) ? 'simulator' : dashboardOrigin(phone.url),
      mailboxGroup: NAME,
      ratePerSecond: phone.ratePerSecond,
      // It gives us no messages: what may be sent is the mode of the source of the message.
      firstMode: 'observe',
      mode: null,
      answerFrom: null,
      now,
    }),
  };
}

const isWithin = (base: string | null, url: string): boolean => base !== null && url.startsWith(`${base}/`);

/** What calls are made with. @throws WaybillError ConfigurationInvalid for a zone that does not exist */
export function callingSetup({ phone, forms }: Config): CallingSetup | null {
  if (phone === null) return null;
  const { from, region, zone, hours, publicUrl, instructionsUrl } = phone;
  if (zone !== null && !isZone(zone))
    throw new WaybillError('ConfigurationInvalid', `WAYBILL_PHONE_ZONE is no time zone: ${zone}`, { retryable: false });
  const formRegions = new Map(
    forms.flatMap((form) => (form.region === null ? [] : [[form.source, form.region] as const])),
  );
  const addresses = addressesOf(publicUrl, instructionsUrl);
  return { provider: NAME, from, region, formRegions, zone, hours, addresses };
}

export const addressesOf = (publicUrl: string, instructionsUrl: string): CallingSetup['addresses'] => {
  return (key) => {
    const url = new URL(instructionsUrl);
    url.searchParams.set('waybill', key);
    return { url: url.href, statusCallback: `${publicUrl}/webhooks/calls/${key}` };
  };
};

/** A client of the phone provider, where this process serves its queue. */
export function connectPhone(
  { phone, timing }: Config,
  served: readonly ConfiguredProvider[],
  courtesy: Courtesy,
): PhoneClient | null {
  if (phone === null || !served.some(({ kind }) => kind === 'phone')) return null;
  const { url, accountSid, authToken } = phone;
  const { callDeadlineMs } = timing;
  return createPhoneClient({
    url,
    accountSid,
    authToken,
    callDeadlineMs,
    onPause: (retryAfterMs) => courtesy.pause(NAME, retryAfterMs),
  });
}
