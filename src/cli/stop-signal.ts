/** Aborted by SIGINT, SIGTERM, or the end of the process that started this one; a second signal ends at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (signal?: NodeJS.Signals) => {
    if (controller.signal.aborted && signal) process.exit(130);
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  if (process.channel) process.once('disconnect', () => stop());
  return controller.signal;
}
