import { createReadStream } from 'node:fs';
import { AwsV4Signer } from 'aws4fetch';
import { request } from 'undici';
import { WaybillError } from '../domain/failures.js';
import type { StoredAt } from './attachments.js';

/** Where the bytes of attachments go; `put` is done before the ledger says that they are there, and may be done twice. */
export interface AttachmentStore {
  put(attachmentId: string, file: { path: string; bytes: number; sha256: string }): Promise<StoredAt>;
}

/** The ledger itself: the bytes go in with the transaction that records them. */
export const postgresStore: AttachmentStore = { put: async () => ({ in: 'postgres' }) };

export interface S3Options {
  /** http(s)://host[:port]; buckets are asked for in the path. */
  endpoint: string;
  bucket: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Deadline of one upload, in milliseconds. */
  deadlineMs: number;
}

/**
 * An S3-compatible store. The key derives from our id, so that another attempt writes the same object; the hash of the bytes is
 * signed with the request, so that the store refuses bytes that changed on the way.
 */
export function s3Store(options: S3Options): AttachmentStore {
  const { endpoint, bucket, region, accessKeyId, secretAccessKey, deadlineMs } = options;
  return {
    async put(attachmentId, { path, bytes, sha256 }) {
      const key = `attachments/${attachmentId}`;
      const url = `${endpoint.replace(/\/+$/, '')}/${encodeURIComponent(bucket)}/${key}`;
      const signer = new AwsV4Signer({
        method: 'PUT',
        url,
        headers: { 'x-amz-content-sha256': sha256, 'content-type': 'application/octet-stream' },
        accessKeyId,
        secretAccessKey,
        region,
        service: 's3',
      });
      const signed = await signer.sign();
      const body = createReadStream(path);
      try {
        const answer = await request(signed.url, {
          method: 'PUT',
          headers: { ...Object.fromEntries(signed.headers), 'content-length': String(bytes) },
          body,
          signal: AbortSignal.timeout(deadlineMs),
        });
        const text = (await answer.body.text()).slice(0, 2_000);
        if (answer.statusCode !== 200) {
          const code = String(answer.statusCode);
          throw new WaybillError('StoreTrouble', `The store answered ${code} to an upload: ${text}`, { code });
        }
      } catch (cause) {
        if (cause instanceof WaybillError) throw cause;
        throw new WaybillError('StoreTrouble', `The store at ${endpoint} did not take an upload.`, { cause });
      } finally {
        body.destroy();
      }
      return { in: 's3', key: `${bucket}/${key}` };
    },
  };
}
