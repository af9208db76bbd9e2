import { connect } from 'node:http2';

const SERVING = 1;

/** A grpc.health.v1.HealthCheckRequest, framed: flag, length, then field 1 as text. */
const frame = (service: string): Buffer => {
  const name = Buffer.from(service);
  const message = Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
};

/**
 * Asks a gRPC server on this machine whether a service serves. Written over node:http2 because the Temporal client takes
 * a fifth of a second to import, and start-up asks many times before anything else needs it.
 * @param port on 127.0.0.1
 * @param timeoutMs longest wait for the answer; no answer is no
 */
export const isServing = (port: number, service: string, timeoutMs: number): Promise<boolean> =>
  new Promise((resolve) => {
    const session = connect(`http://127.0.0.1:${port}`);
    const done = (serving: boolean) => {
      clearTimeout(timer);
      session.destroy();
      resolve(serving);
    };
    const timer = setTimeout(done, timeoutMs, false);
    session.once('error', () => done(false));
    const call = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    call.on('data', (chunk: Buffer) => chunks.push(chunk));
    call.once('error', () => done(false));
    call.once('end', () => {
      const answer = Buffer.concat(chunks).subarray(5); // field 1, a varint: 08 01 for SERVING
      done(answer[0] === 0x08 && answer[1] === SERVING);
    });
    call.end(frame(service));
  });
