/** A worker of workflows with one activity that does nothing: address, namespace, queue. Says when it takes tasks. */
import { fileURLToPath } from 'node:url';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';

const [address, namespace, taskQueue] = process.argv.slice(2);
Runtime.install({ telemetryOptions: { logging: { forward: {}, filter: 'ERROR' } } });
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  namespace,
  taskQueue,
  workflowsPath: fileURLToPath(new URL('bare-workflow.mjs', import.meta.url)),
  activities: { effect: async () => undefined },
});
const running = worker.run();
process.send({ ready: true });
process.on('disconnect', () => worker.shutdown());
await running;
await connection.close();
