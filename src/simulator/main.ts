import { readFlags, USAGE } from './options.js';
import { SimulatorRefusal } from './refusal.js';
import { startSimulator } from './server.js';

/** The simulated dashboard as a process of its own. Exit codes: 0 stopped, 2 refused to start. */
async function main(): Promise<void> {
  const options = readFlags(process.argv.slice(2));
  if (options === null) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const simulator = await startSimulator(options);
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    void simulator.close().then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // A parent that was killed cannot stop its child: the broken channel does.
  process.on('disconnect', stop);
  const { port, url, anchor } = simulator;
  process.stdout.write(`${JSON.stringify({ event: 'simulator.listening', port, url, anchor })}\n`);
}

main().catch((failure: unknown) => {
  const sentence = failure instanceof SimulatorRefusal ? failure.message : `The simulator failed: ${String(failure)}`;
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 2;
});
