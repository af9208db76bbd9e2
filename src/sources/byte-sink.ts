/** Takes the bytes of one answer as they come. */
export interface ByteSink {
  /** Bytes that are taken at most. */
  maxBytes: number;
  /** Throws a WaybillError where the bytes cannot be kept. */
  write(chunk: Buffer): Promise<void>;
}
