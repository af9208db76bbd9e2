import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export const WEBHOOK_SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes....').toString('base64')}`;

export interface ReceivedAlarm {
  webhookId: string;
  payload: { type: string; data: Record<string, unknown> };
}

export interface WebhookReceiver {
  url: string;
  /** What came with a signature that holds, refused or not. */
  received: ReceivedAlarm[];
  /** Requests whose signature did not hold, or that did not come to the receiver's own path. */
  strange: number;
  /** Answers of the coming requests, in order; 204 after them. A status of 0 never answers. */
  answers: number[];
  close(): Promise<void>;
}

/** Takes alarms as Standard Webhooks says, by the library's own check of the signature. */
export async function startReceiver(answers: number[] = []): Promise<WebhookReceiver> {
  const checker = new Webhook(WEBHOOK_SECRET);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      try {
        if (request.url !== '/alarms?to=people') throw new Error('another path');
        const headers = Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
        );
        const payload = checker.verify(Buffer.concat(chunks).toString(), headers) as ReceivedAlarm['payload'];
        receiver.received.push({ webhookId: String(headers['webhook-id']), payload });
      } catch {
        receiver.strange += 1;
      }
      const status = receiver.answers.shift() ?? 204;
      if (status !== 0) response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: WebhookReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alarms?to=people`,
    received: [],
    strange: 0,
    answers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
}
