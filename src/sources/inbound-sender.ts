import { request } from 'undici';
import { z } from 'zod';
import { WaybillError } from '../domain/failures.js';

/** Mail as a customer would write it. */
export interface InboundMail {
  subject: string;
  text: string;
  /** The Date header, ISO. */
  originAt: string;
  headers: Record<string, string>;
  /** The thread that it answers; null opens a new one. */
  providerThreadId: string | null;
}

/** Writes mail to the mailbox of a source from outside, as anybody could. Nothing of ours is asked or told by it. */
export interface InboundSender {
  /** Ids at the provider, where the sender learns of them. @throws WaybillError InboundSenderFailed */
  write(mail: InboundMail): Promise<{ providerThreadId: string | null; providerMessageId: string | null }>;
}

const Written = z.object({ threadId: z.string().min(1), messageId: z.string().min(1) });

/**
 * The simulated dashboard's customer: its control route that lets one write, with whatever the oddities do to everybody's mail.
 * It is no way to a provider, opens no provider_call row and asks no truth. Source: ADR 0016.
 */
export const simulatorSender = ({ url, token }: { url: string; token: string }): InboundSender => ({
  async write({ providerThreadId, ...mail }) {
    const answer = await request(`${url.replace(/\/+$/, '')}/control/inbound`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...mail, natural: true, ...(providerThreadId ? { threadId: providerThreadId } : {}) }),
      signal: AbortSignal.timeout(10_000),
    }).catch((cause: unknown) => {
      throw new WaybillError('InboundSenderFailed', 'The inbound sender cannot be reached.', { cause });
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 201)
      throw new WaybillError('InboundSenderFailed', `The inbound sender answered ${answer.statusCode}.`);
    const { threadId, messageId } = Written.parse(JSON.parse(text));
    return { providerThreadId: threadId, providerMessageId: messageId };
  },
});
