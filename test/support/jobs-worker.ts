/** A worker in a process of its own, to be killed: argv is the configuration and tuning as JSON. */
import { pino } from 'pino';
import { startWorker, type WorkerConfig, type WorkerTuning } from '../../src/worker/main.ts';

const options: { config: WorkerConfig; tuning: Partial<WorkerTuning>; logs?: boolean } = JSON.parse(process.argv[2]);
const level = options.logs ? options.config.logLevel : 'silent';
const worker = await startWorker(options.config, { ...options.tuning, log: pino({ level }) });
process.on('SIGTERM', async () => {
  await worker.close();
  process.exit(0);
});
process.on('disconnect', () => process.exit(1)); // the test is gone
process.send?.(worker.id);
