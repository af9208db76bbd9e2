import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A store that takes PUT and checks every signature by the published algorithm of its own, so that a wrong one is found. */
export interface S3Server {
  url: string;
  objects: Map<string, Buffer>;
  refusals: string[];
  close(): Promise<void>;
}

export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
}

const sha256 = (data: Buffer | string): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: Buffer | string, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/** AWS Signature Version 4 of a request as it arrived; null where it holds, else why it does not. */
function refusal(request: IncomingMessage, body: Buffer, credentials: S3Credentials): string | null {
  const { headers } = request;
  const given =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    );
  if (!given) return 'no signature of version 4';
  const [, key = '', day = '', region = '', service = '', names = '', signature = ''] = given;
  if (key !== credentials.accessKeyId || region !== credentials.region || service !== 's3') return 'another scope';
  const signed = names.split(';');
  for (const name of ['host', 'x-amz-content-sha256', 'x-amz-date'])
    if (!signed.includes(name)) return `${name} unsigned`;
  const payload = String(headers['x-amz-content-sha256']);
  if (payload !== sha256(body)) return 'the bytes are not those that were signed';
  const url = new URL(request.url ?? '/', 'http://store.invalid');
  const query = [...url.searchParams].map((pair) => pair.map(encodeURIComponent).join('=')).sort();
  const lines = signed.map((name) => `${name}:${String(headers[name] ?? '').trim()}\n`).join('');
  const canonical = [request.method, url.pathname, query.join('&'), lines, names, payload].join('\n');
  const date = String(headers['x-amz-date']);
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  const key4 = [day, region, 's3', 'aws4_request'].reduce<Buffer | string>(
    (from, part) => hmac(from, part),
    `AWS4${credentials.secretAccessKey}`,
  );
  const wanted = hmac(key4, text).toString('hex');
  return wanted === signature && date.startsWith(day) ? null : 'a wrong signature';
}

export async function startS3Server(credentials: S3Credentials): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const refusals: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const why = request.method === 'PUT' ? refusal(request, body, credentials) : 'another method';
      if (why === null) {
        objects.set(request.url ?? '', body);
        response.writeHead(200).end();
      } else {
        refusals.push(why);
        response.writeHead(403, { 'content-type': 'application/xml' }).end('<Error><Code>AccessDenied</Code></Error>');
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    refusals,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
