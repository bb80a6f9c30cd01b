/** What workers publish of themselves and of what they can do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { heartbeat, publishCatalogue } from '../../src/jobs/workers.ts';
import { eventually, startBench } from '../support/jobs.ts';
import { testCatalogue } from '../support/jobs-engine.ts';

test('pools add their models; the newest catalogue wins; it outlives its workers and Redis', async (t) => {
  const { jobs, redis } = await startBench(t);
  const direct = new Redis(redis.url).on('error', () => {});
  t.after(() => direct.disconnect());
  assert.equal(await jobs.catalogue(), null);
  const large = testCatalogue('large');
  large.models[0].id = 'large-model';
  await publishCatalogue(direct, 'large', large);
  await publishCatalogue(direct, 'default', { ...testCatalogue('default'), versions: { whence: '2' } });
  const worker = {
    id: 'w',
    pool: 'large',
    backend: 'wasm',
    loaded_models: ['large-model'],
    busy: true,
    last_seen: 'now',
  };
  await heartbeat(direct, worker, 60_000, null);

  const expectModels = async (models: [string, string, boolean][]) => {
    const catalogue = await jobs.catalogue();
    assert.deepEqual(
      catalogue?.models.map(({ id, pool, loaded }) => [id, pool, loaded]),
      models,
    );
    assert.deepEqual(catalogue?.versions, { whence: '2' });
    assert.equal(catalogue?.methods.length, 1);
  };
  await expectModels([
    ['tiny', 'default', false],
    ['large-model', 'large', true],
  ]);
  await redis.kill();
  await redis.start();
  await eventually(async () =>
    jobs.ping().then(
      () => true,
      () => false,
    ),
  );
  await expectModels([
    ['tiny', 'default', false],
    ['large-model', 'large', true],
  ]);
  assert.deepEqual(await jobs.workers(), [worker]);
});

test('a worker shows what it does, signs off when it closes, and expires when it is killed', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  const inside = await bench.worker();
  const outside = await bench.workerProcess();
  const ids = async () => (await jobs.workers()).map(({ id }) => id).sort();
  assert.deepEqual(await ids(), [inside.id, outside.id].sort());
  await inside.close();
  assert.deepEqual(await ids(), [outside.id]);

  const gate = bench.file('gate');
  const job = await bench.submit({ gate });
  await eventually(async () => (await jobs.workers())[0].busy);
  await bench.open(gate);
  await jobs.wait(job.id, 20);
  await eventually(async () => !(await jobs.workers())[0].busy);

  outside.process.kill('SIGKILL');
  await eventually(async () => (await jobs.workers()).length === 0);
  assert.notEqual(await jobs.catalogue(), null);
});
