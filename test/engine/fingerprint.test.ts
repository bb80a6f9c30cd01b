/** A model's fingerprint changes with whatever may change its results, and with nothing else. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fingerprintOf, hashesOf, hashOfPlugins, type Surroundings } from '../../src/engine/fingerprint.ts';
import { PROJECT } from '../support/up.ts';

const ENTRY = {
  id: 'a',
  source: { kind: 'directory' as const, dir: '' },
  quantization: 'int8' as const,
  int8Threshold: 6,
  int8Outliers: 'row' as const,
  pool: 'default',
  preload: false,
};
const AROUND: Surroundings = {
  backend: { name: 'tensorflow', device: 'cpu', version: '1', reason: '' },
  versions: { whence: '1' },
  plugins: hashOfPlugins([]),
  aligner: null,
};

function checkpoint(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'whence-fingerprint-'));
  t.after(() => rmSync(dir, { recursive: true }));
  cpSync(join(PROJECT, 'models', 'facts-gpt2'), dir, { recursive: true });
  return { dir, print: () => fingerprintOf(ENTRY, hashesOf(dir), AROUND) };
}

test('it changes with the files of the checkpoint, large ones by their time', (t) => {
  const { dir, print } = checkpoint(t);
  const prints = [print()];
  assert.equal(print(), prints[0]);
  appendFileSync(join(dir, 'generation_config.json'), ' ');
  prints.push(print());
  writeFileSync(join(dir, 'chat_template.jinja'), '{{ messages }}');
  prints.push(print());
  utimesSync(join(dir, 'model.safetensors'), 1, 1); // as one that was trained further has another
  prints.push(print());
  assert.equal(new Set(prints).size, 4);
});

test('files of a cache that goes by content count by their names there', (t) => {
  const { dir, print } = checkpoint(t);
  const blobs = join(dir, 'blobs');
  mkdirSync(blobs);
  const [one, other] = [join(blobs, 'a'.repeat(64)), join(blobs, 'b'.repeat(64))];
  const file = join(dir, 'model.safetensors');
  renameSync(file, one);
  symlinkSync(one, file);
  const before = print();
  utimesSync(one, 1, 1);
  assert.equal(print(), before);
  renameSync(one, other);
  rmSync(file);
  symlinkSync(other, file);
  assert.notEqual(print(), before);
});

test('it changes with what computes, and how', (t) => {
  const { dir } = checkpoint(t);
  const hashes = hashesOf(dir);
  const plugin = join(dir, 'method.ts');
  writeFileSync(plugin, 'export default 1');
  const prints = [
    fingerprintOf(ENTRY, hashes, AROUND),
    fingerprintOf({ ...ENTRY, quantization: 'none' }, hashes, AROUND),
    fingerprintOf({ ...ENTRY, int8Threshold: 5 }, hashes, AROUND),
    fingerprintOf({ ...ENTRY, int8Outliers: 'batch' }, hashes, AROUND),
    fingerprintOf(ENTRY, hashes, { ...AROUND, versions: { whence: '2' } }),
    fingerprintOf(ENTRY, hashes, { ...AROUND, backend: { ...AROUND.backend, name: 'wasm' } }),
    fingerprintOf(ENTRY, hashes, { ...AROUND, backend: { ...AROUND.backend, device: 'NVIDIA H100' } }),
    fingerprintOf(ENTRY, hashes, { ...AROUND, plugins: hashOfPlugins([plugin]) }),
    fingerprintOf(ENTRY, hashes, { ...AROUND, aligner: hashes }),
  ];
  writeFileSync(plugin, 'export default 2');
  prints.push(fingerprintOf(ENTRY, hashes, { ...AROUND, plugins: hashOfPlugins([plugin]) }));
  assert.equal(new Set(prints).size, prints.length);
  const elsewhere = { ...ENTRY, id: 'b', pool: 'other', preload: true };
  assert.equal(fingerprintOf(elsewhere, hashes, AROUND), prints[0]);
});
