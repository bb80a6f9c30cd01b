/** The program of `startApiProcess`. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { buildApp } from '../../src/api/server.ts';
import { MemoryJobs, SETTINGS, WORDS } from './api.ts';

const app = await buildApp({ settings: SETTINGS, jobs: new MemoryJobs(), tokens: WORDS });
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
