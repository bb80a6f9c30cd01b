/** A changed models file is taken over while jobs run; models that are to be loaded first are waited for. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SMALL } from '../promises/jobs.ts';
import { startStack, until } from '../promises/stack.ts';
import { PROJECT } from '../support/up.ts';

const MODELS = join(PROJECT, 'models');
const facts = (id: string, options: object = {}) => ({ id, path: join(MODELS, 'facts-gpt2'), ...options });

test('SIGHUP takes the models file over, and no job is lost', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'whence-models-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'models.json');
  const write = (...models: object[]) => writeFileSync(file, JSON.stringify({ models }));
  write(facts('first'), facts('second', { preload: true }), facts('third'));
  const stack = await startStack({ settings: { WHENCE_MODELS_FILE: file, WHENCE_LOG_LEVEL: 'info' } });
  t.after(() => stack.stop());
  const { client } = stack;
  const [worker] = stack.workers;
  const models = async () => (await client.get('/models')).json.models as { id: string; loaded: boolean }[];
  const ids = async () => (await models()).map(({ id }) => id);
  assert.deepEqual(
    (await models()).filter(({ loaded }) => loaded).map(({ id }) => id),
    ['second'],
    'ready means that what is to be loaded first is loaded',
  );
  const engine = stack.engineOf(worker);
  const hangUp = () => {
    for (const program of [stack.api, worker]) program.signal('SIGHUP');
  };

  // Jobs of all three run and wait while the file changes again and again.
  let over = false;
  const ended: string[] = [];
  const clients = ['first', 'second'].map(async (model) => {
    while (!over) ended.push((await client.run({ ...SMALL, model })).status);
  });
  write(facts('first'), facts('second'), facts('fourth', { quantization: 'none' }));
  hangUp();
  await until('the new model is served', 20_000, async () => (await ids()).includes('fourth'));
  assert.deepEqual(await ids(), ['first', 'second', 'fourth']);
  assert.equal((await client.run({ ...SMALL, model: 'fourth' })).status, 'succeeded');
  const { status, json } = await client.post('/attribute', { ...SMALL, model: 'third' });
  assert.equal(status, 422);
  assert.match(json.detail, /there is no model "third"/);

  write(facts('first'), facts('second', { quantisation: 'none' }));
  hangUp();
  await until('the fault is told', 20_000, () => worker.log().includes('unknown field'));
  assert.match(worker.log(), /models file is not taken over.*quantisation/);
  assert.deepEqual(await ids(), ['first', 'second', 'fourth']);
  await until('several jobs have ended', 60_000, async () => ended.length > 4);
  over = true;
  await Promise.all(clients);
  assert.deepEqual(new Set(ended), new Set(['succeeded']));
  assert.equal(stack.engineOf(worker), engine, 'no process was replaced');
  assert.ok(worker.isAlive() && stack.api.isAlive());
});
