import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { localModelDir, resolveModelDir } from '../../src/checkpoints/hub.ts';
import { openCheckpoint } from '../../src/checkpoints/safetensors.ts';
import { modelDir } from '../support/goldens.ts';
import { COMMIT, startHub } from './fake-hub.ts';
import { temporaryDir } from './write-safetensors.ts';

const REPOSITORY = 'someone/tiny';
const source = { kind: 'hub', repository: REPOSITORY, revision: 'main' } as const;

/** A repository with a fixture's files and some that are not wanted. */
function repositoryFiles(model = 'gpt2-tiny'): Record<string, Buffer> {
  const dir = modelDir(model);
  const files = fs.readdirSync(dir).map((file) => [file, fs.readFileSync(path.join(dir, file))]);
  return {
    ...Object.fromEntries(files),
    'README.md': Buffer.from('# Tiny'),
    'pytorch_model.bin': Buffer.alloc(5000),
    'model.fp16.safetensors': Buffer.alloc(100),
  };
}

async function setUp(t: TestContext, files = repositoryFiles()) {
  const hub = await startHub(t, REPOSITORY, files);
  const cacheDir = temporaryDir(t);
  return { hub, cacheDir, options: { endpoint: hub.endpoint, cacheDir } };
}

test('the needed files arrive in the layout of the Hugging Face cache, and are then used without the network', async (t) => {
  const { hub, cacheDir, options } = await setUp(t);
  assert.equal(localModelDir(source, options), null);
  const seen: { file: string; done: number; total: number }[] = [];
  const dir = await resolveModelDir(source, { ...options, onProgress: (progress) => seen.push(progress) });

  const folder = path.join(cacheDir, 'models--someone--tiny');
  assert.equal(dir, path.join(folder, 'snapshots', COMMIT));
  assert.equal(fs.readFileSync(path.join(folder, 'refs', 'main'), 'utf8'), COMMIT);
  const names = fs.readdirSync(dir).sort();
  assert.ok(names.includes('model.safetensors') && names.includes('tokenizer.json') && names.includes('config.json'));
  assert.deepEqual(
    names.filter((name) => ['README.md', 'pytorch_model.bin', 'model.fp16.safetensors'].includes(name)),
    [],
  );
  for (const name of names) {
    assert.match(fs.readlinkSync(path.join(dir, name)), /^\.\.\/\.\.\/blobs\/[0-9a-f]{40,64}$/);
    assert.deepEqual(fs.readFileSync(path.join(dir, name)), fs.readFileSync(path.join(modelDir('gpt2-tiny'), name)));
  }
  openCheckpoint(dir).close();
  assert.equal(seen.at(-1)?.done, seen.at(-1)?.total);
  assert.ok(seen.every(({ done }, i) => i === 0 || done >= seen[i - 1].done));

  await hub.close();
  assert.equal(await resolveModelDir(source, options), dir);
  assert.equal(localModelDir(source, options), dir);
});

test('a broken download goes on where it stopped', async (t) => {
  const { hub, cacheDir, options } = await setUp(t);
  const files = repositoryFiles();
  hub.breakAfter = 100_000; // only the weights are longer
  await assert.rejects(
    resolveModelDir(source, options),
    /someone\/tiny@main: cannot be downloaded .*check the network/s,
  );
  assert.equal(localModelDir(source, options), null);
  const blobs = path.join(cacheDir, 'models--someone--tiny', 'blobs');
  const incomplete = fs.readdirSync(blobs).find((name) => name.endsWith('.incomplete'));
  assert.ok(incomplete !== undefined);
  const { size } = fs.statSync(path.join(blobs, incomplete));
  assert.ok(size > 0 && size < files['model.safetensors'].length);

  hub.requests.length = 0;
  const dir = await resolveModelDir(source, options);
  assert.deepEqual(fs.readFileSync(path.join(dir, 'model.safetensors')), files['model.safetensors']);
  assert.ok(
    hub.requests.some((line) => line.includes(`model.safetensors bytes=${size}-`)),
    hub.requests.join('\n'),
  );
  assert.ok(!hub.requests.some((line) => line.includes('config.json')), 'what is there is not fetched again');
  assert.ok(!fs.readdirSync(blobs).some((name) => name.endsWith('.incomplete')));
});

test('content that does not have the hash that the hub gave is thrown away', async (t) => {
  const { hub, cacheDir, options } = await setUp(t);
  const files = repositoryFiles();
  const damaged = Buffer.from(files['model.safetensors']);
  damaged[damaged.length - 1] ^= 1;
  hub.corrupted.set('model.safetensors', damaged);
  await assert.rejects(resolveModelDir(source, options), /model.safetensors: arrived damaged/);
  assert.equal(localModelDir(source, options), null);
  hub.corrupted.clear();
  await resolveModelDir(source, options);
  const config = Buffer.from('{"model_type":"other"}'.padEnd(files['config.json'].length));
  fs.rmSync(cacheDir, { recursive: true });
  hub.corrupted.set('config.json', config);
  await assert.rejects(resolveModelDir(source, options), /config.json: arrived damaged/);
});

test('shards come with their index, and a missing shard makes the cache incomplete', async (t) => {
  const { options } = await setUp(t, repositoryFiles('llama-sharded-tiny'));
  const dir = await resolveModelDir(source, options);
  const checkpoint = openCheckpoint(dir);
  assert.equal(checkpoint.names().length, 21);
  checkpoint.close();
  fs.rmSync(path.join(dir, 'model-00003-of-00005.safetensors'));
  assert.equal(localModelDir(source, options), null);
  assert.equal(await resolveModelDir(source, options), dir);
  assert.equal(localModelDir(source, options), dir);
});

test('shards are those that the index names, whatever they are called', async (t) => {
  const files = repositoryFiles('llama-sharded-tiny');
  const renamed = (name: string): string => name.replace(/^model-(\d+)-of-0/, 'weights.fp32-0$1-of-00');
  const index = JSON.parse(files['model.safetensors.index.json'].toString());
  for (const [tensor, file] of Object.entries<string>(index.weight_map)) index.weight_map[tensor] = renamed(file);
  const served = Object.fromEntries(Object.entries(files).map(([name, content]) => [renamed(name), content]));
  served['model.safetensors.index.json'] = Buffer.from(JSON.stringify(index));
  served['model-00001-of-00002.safetensors'] = Buffer.from('of another conversion');
  const { options } = await setUp(t, served);
  const dir = await resolveModelDir(source, options);
  const shards = fs.readdirSync(dir).filter((name) => name.endsWith('.safetensors'));
  assert.deepEqual(shards, [...new Set(Object.values<string>(index.weight_map))].sort());
  assert.equal(shards.length, 5);
  openCheckpoint(dir).close();
});

test('a repository that lacks a shard of its index is refused by its name, and nothing counts as downloaded', async (t) => {
  const { 'model-00002-of-00005.safetensors': _, ...files } = repositoryFiles('llama-sharded-tiny');
  const { options } = await setUp(t, files);
  await assert.rejects(resolveModelDir(source, options), /lacks "model-00002-of-00005.safetensors", which model.safe/);
  assert.equal(localModelDir(source, options), null);
});

test('a quantizer that is not read is refused before its weights are fetched', async (t) => {
  const files = repositoryFiles('llama-sharded-tiny');
  const config = {
    ...JSON.parse(files['config.json'].toString()),
    quantization_config: { quant_method: 'awq', bits: 4 },
  };
  const { hub, options } = await setUp(t, { ...files, 'config.json': Buffer.from(JSON.stringify(config)) });
  await assert.rejects(resolveModelDir(source, options), /"quantization_config" has the quant_method "awq"/);
  assert.ok(!hub.requests.some((request) => request.includes('-of-00005')), hub.requests.join('\n'));
});

test('a commit as revision needs no reference', async (t) => {
  const { cacheDir, options } = await setUp(t);
  const dir = await resolveModelDir({ ...source, revision: COMMIT }, options);
  assert.equal(fs.existsSync(path.join(cacheDir, 'models--someone--tiny', 'refs')), false);
  assert.equal(localModelDir({ ...source, revision: COMMIT }, options), dir);
});

test('HF_ENDPOINT, HF_TOKEN and HF_HOME are honoured', async (t) => {
  const { hub } = await setUp(t);
  const home = temporaryDir(t);
  hub.token = 'hf_secret';
  const before = { ...process.env };
  t.after(() => {
    for (const name of ['HF_ENDPOINT', 'HF_TOKEN', 'HF_HOME', 'HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });
  delete process.env.HF_HUB_CACHE;
  delete process.env.HUGGINGFACE_HUB_CACHE;
  process.env.HF_ENDPOINT = `${hub.endpoint}/`;
  process.env.HF_HOME = home;
  delete process.env.HF_TOKEN;
  await assert.rejects(resolveModelDir(source), (error: Error) => {
    assert.match(error.message, /answered 401: it does not exist, is private or gated.*HF_TOKEN/);
    return true;
  });
  process.env.HF_TOKEN = 'hf_secret';
  const dir = await resolveModelDir(source);
  assert.equal(dir, path.join(home, 'hub', 'models--someone--tiny', 'snapshots', COMMIT));
});

test('repositories that cannot be served are refused with the remedy', async (t) => {
  const { options } = await setUp(t);
  await assert.rejects(resolveModelDir({ ...source, revision: 'other' }, options), /answered 404: there is no such/);
  const { 'model.safetensors': _, ...pickled } = repositoryFiles();
  const second = await setUp(t, pickled);
  await assert.rejects(resolveModelDir(source, second.options), /no model.safetensors; pickled weights are not loaded/);
  const third = await setUp(t, { 'README.md': Buffer.from('x') });
  await assert.rejects(resolveModelDir(source, third.options), /has no config.json/);
  assert.equal(await resolveModelDir({ kind: 'directory', dir: '/some/where' }), '/some/where');
});

test('a hub that is not there is named', async (t) => {
  const { hub, options } = await setUp(t);
  await hub.close();
  await assert.rejects(
    resolveModelDir(source, options),
    /cannot be downloaded \(.*\): check the network and HF_ENDPOINT/,
  );
});
