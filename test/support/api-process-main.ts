/** The program of `startApiProcess`. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { buildApp } from '../../src/api/server.ts';
import { LocalTokenizers } from '../../src/tokenizers/local-tokenizers.ts';
import { CATALOGUE, MemoryJobs, NO_BATCHES, SETTINGS, WORDS } from './api.ts';

const modelsFile = process.argv[2];
const tokens = modelsFile === undefined ? WORDS : new LocalTokenizers(modelsFile, { seconds: 2, memoryMb: 256 });
const jobs = new MemoryJobs(CATALOGUE);
if (modelsFile !== undefined) {
  const models = CATALOGUE.models.map((model) => ({ ...model, max_positions: 1_000_000 })); // so that all is counted
  jobs.catalogue = async () => ({ ...CATALOGUE, models });
}
const app = await buildApp({ settings: SETTINGS, jobs, batches: NO_BATCHES, tokens });
await app.listen({ host: '127.0.0.1', port: 0 });
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
process.on('message', async (what) => {
  await setTimeout(5); // what held the loop until now is recorded by the next tick
  if (what === 'reset') {
    delay.reset();
    await setTimeout(5);
  }
  process.send?.({ ms: delay.max / 1e6 });
});
process.on('disconnect', () => process.exit());
const address = app.server.address();
process.send?.({ port: typeof address === 'object' ? address?.port : null });
