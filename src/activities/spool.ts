import { createHash } from 'node:crypto';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WaybillError } from '../domain/failures.js';
import type { FetchedBytes } from '../ledger/attachments.js';
import type { ByteSink } from '../sources/byte-sink.js';

const PIECE = 1024 * 1024;

export interface Spool extends ByteSink {
  /** What was written, with its length and hash known before anything is stored. */
  written(): FetchedBytes & { path: string };
  remove(): Promise<void>;
}

/** A file of this attempt alone, in the system's folder for such files: bytes of any length pass without lying in memory. */
export async function openSpool(maxBytes: number): Promise<Spool> {
  const folder = await mkdtemp(join(tmpdir(), 'waybill-attachment-'));
  const path = join(folder, 'bytes');
  const hash = createHash('sha256');
  let bytes = 0;
  let file: FileHandle | null = await open(path, 'wx', 0o600);
  const shut = async () => {
    await file?.close();
    file = null;
  };
  async function* pieces(): AsyncIterable<Uint8Array> {
    const reading = await open(path, 'r');
    try {
      for (;;) {
        const piece = Buffer.alloc(PIECE);
        let filled = 0;
        for (let read = -1; read !== 0 && filled < PIECE; filled += read)
          read = (await reading.read(piece, filled, PIECE - filled)).bytesRead;
        if (filled === 0) return;
        yield piece.subarray(0, filled);
        if (filled < PIECE) return;
      }
    } finally {
      await reading.close();
    }
  }
  return {
    maxBytes,
    async write(chunk) {
      try {
        await file?.appendFile(chunk);
      } catch (cause) {
        throw new WaybillError('StoreTrouble', 'The bytes of an attachment cannot be written to a file.', { cause });
      }
      hash.update(chunk);
      bytes += chunk.length;
    },
    written: () => ({ path, bytes, sha256: hash.copy().digest('hex'), pieces }),
    async remove() {
      await shut();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
