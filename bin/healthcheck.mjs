#!/usr/bin/env node
/** Exit code 0 where the API of this container answers that it is well. */
const port = process.env.WAYBILL_API_PORT || '8080';
try {
  const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(4_000) });
  process.exitCode = response.ok ? 0 : 1;
} catch {
  process.exitCode = 1;
}
