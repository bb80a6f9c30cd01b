/** Engines that crash, fail, or give too much. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, startBench, untilStep } from '../support/jobs.ts';
import { GATED, UNUSABLE } from '../support/jobs-engine.ts';

test('an engine that is killed fails nobody: the job is tried again by a new process', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  await bench.worker();
  const [log, gate] = [bench.file('log'), bench.file('gate')];
  const job = await bench.submit({ log, gate, steps: 1 });
  await untilStep(jobs, job.id);
  const [pid] = await bench.lines(log);
  process.kill(Number(pid), 'SIGKILL');
  await eventually(async () => (await bench.lines(log)).length === 2);
  await bench.open(gate);
  assert.equal((await jobs.wait(job.id, 20))?.status, 'succeeded');
  assert.equal(new Set(await bench.lines(log)).size, 2);
});

test('a job whose engine dies twice fails with a clear error, and the worker goes on', async (t) => {
  const bench = await startBench(t);
  const { jobs } = bench;
  await bench.worker();
  const log = bench.file('log');
  const job = await bench.submit({ log, crashes: 1 });
  const failed = await jobs.wait(job.id, 20);
  assert.equal(failed?.status, 'failed');
  assert.equal(failed.error?.code, 'engine_crashed');
  assert.match(failed.error.message, /SIGABRT.*out of memory.*It was tried 2 times\./);
  assert.equal((await bench.lines(log)).length, 2);
  const next = await bench.submit();
  assert.equal((await jobs.wait(next.id, 20))?.status, 'succeeded');
});

test('a fault of the request fails at once, with the words of the engine', async (t) => {
  const bench = await startBench(t);
  await bench.worker();
  const log = bench.file('log');
  const fault = { code: 'too_long', message: 'The text has 9 tokens, at most 8 fit.', pointer: '#/input_texts/0' };
  const job = await bench.submit({ log, fault });
  const failed = await bench.jobs.wait(job.id, 20);
  assert.equal(failed?.status, 'failed');
  assert.deepEqual(failed.error, fault);
  assert.equal((await bench.lines(log)).length, 1, 'not tried again');
});

test('another error is tried again, and what it says stays in the log', async (t) => {
  const bench = await startBench(t);
  await bench.worker();
  const log = bench.file('log');
  const job = await bench.submit({ log, throws: 'cannot read /secret/path' });
  const failed = await bench.jobs.wait(job.id, 20);
  assert.equal(failed?.error?.code, 'engine_error');
  assert.doesNotMatch(failed.error.message, /secret/);
  assert.equal((await bench.lines(log)).length, 2);
});

test('a result that is too large fails with the numbers and the remedy', async (t) => {
  const bench = await startBench(t);
  await bench.worker({ maxResultBytes: 2 ** 20 });
  const job = await bench.submit({ resultCharacters: 3 * 2 ** 20 });
  const failed = await bench.jobs.wait(job.id, 20);
  assert.equal(failed?.error?.code, 'result_too_large');
  assert.match(failed.error.message, /4 MB of JSON and at most 1 MB are stored.*aggregate/);
});

test('a large result arrives whole', async (t) => {
  const bench = await startBench(t);
  await bench.worker();
  const job = await bench.submit({ resultCharacters: 20 * 2 ** 20 });
  assert.equal((await bench.jobs.wait(job.id, 20))?.status, 'succeeded');
  const result = JSON.parse(String(await bench.jobs.result(job.id, 'json')));
  assert.equal(result.info.text.length, 20 * 2 ** 20);
});

test('a job that computes for longer than the limit fails with it', async (t) => {
  const bench = await startBench(t);
  await bench.worker({}, { jobTimeoutSeconds: 0.5 });
  const job = await bench.submit({ gate: bench.file('never') });
  const failed = await bench.jobs.wait(job.id, 20);
  assert.equal(failed?.error?.code, 'timeout');
  assert.match(failed.error.message, /more than 0\.5 seconds/);
});

test('an engine that cannot start says why, and no worker registers', async (t) => {
  const bench = await startBench(t);
  await assert.rejects(bench.worker({}, { modelsFile: UNUSABLE }), /^Error: unusable\.json names no model$/);
  assert.deepEqual(await bench.jobs.workers(), []);
  assert.equal(await bench.jobs.catalogue(), null);
});

test('an engine that is killed while it starts is started again, and the worker takes jobs when one is ready', async (t) => {
  const bench = await startBench(t);
  const modelsFile = bench.file(GATED);
  const starting = bench.worker({}, { modelsFile });
  const pids = async () => bench.lines(`${modelsFile}.pids`).catch(() => []);
  await eventually(async () => (await pids()).length === 1);
  process.kill(Number((await pids())[0]), 'SIGKILL');
  await eventually(async () => (await pids()).length === 2);
  process.kill(Number((await pids())[1]), 'SIGTERM'); // which it does not take from anyone but its worker
  await bench.open(`${modelsFile}.open`);
  await starting;
  const job = await bench.submit();
  assert.equal((await bench.jobs.wait(job.id, 20))?.status, 'succeeded');
  assert.equal((await pids()).length, 2);
});
