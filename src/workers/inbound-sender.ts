import type { Config } from '../config/config.js';
import { type InboundSender, simulatorSender } from '../sources/inbound-sender.js';

export const isSenderConfigured = ({ inboundSender }: Config): boolean =>
  inboundSender.url !== null && inboundSender.token !== null;

/** Who writes mail as a customer to a source of this configuration; it has one source, and one sender for it. */
export function inboundSenderOf({ inboundSender: { url, token } }: Config): (source: string) => InboundSender | null {
  const sender = url !== null && token !== null ? simulatorSender({ url, token }) : null;
  return () => sender;
}
