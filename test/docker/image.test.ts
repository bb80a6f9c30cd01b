/** What the images hold, and that it is enough: the program runs from these files alone. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyImage, imageFiles, isLibrary } from '../../scripts/image.mjs';
import { SMALL } from '../promises/jobs.ts';
import { startStack } from '../promises/stack.ts';
import { PROJECT } from '../support/up.ts';

test('the image is small, and holds no sources, tests, training, benchmarks or development packages', () => {
  const files = imageFiles();
  const { devDependencies } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));
  const lock = JSON.parse(readFileSync(join(PROJECT, 'package-lock.json'), 'utf8')).packages;
  const development = Object.keys(devDependencies).filter((name) => lock[`node_modules/${name}`].dev === true);
  assert.ok(development.length > 5);
  for (const [path] of files) {
    assert.match(path, /^(bin|dist|models|scripts\/setup|\.whence\/native|node_modules)\/|^(package\.json|LICENSE)$/);
    assert.ok(!development.some((name) => path.startsWith(`node_modules/${name}/`)), path);
  }
  const bytes = files.filter(([path]) => !isLibrary(path)).reduce((sum, [, size]) => sum + size, 0);
  assert.ok(bytes < 150e6, `${bytes / 1e6} MB`);
  assert.ok(files.some(([path]) => path === 'dist/cli/main.js'));
});

test('API and worker run from the files of the image, and compute', async (t) => {
  const folder = mkdtempSync(join(PROJECT, '.whence', 'image-')); // on the same disk, so that files are links
  t.after(() => rmSync(folder, { recursive: true }));
  copyImage(folder);
  const stack = await startStack({ folder, settings: { NODE_ENV: 'production' } });
  t.after(() => stack.stop());
  assert.equal((await stack.client.run(SMALL)).status, 'succeeded');
  const { json } = await stack.client.get('/health/ready');
  assert.equal(json.backend.name, 'tensorflow');
  for (const path of ['/', '/docs', '/openapi.json', '/metrics']) {
    assert.equal((await stack.client.get(path)).status, 200, path);
  }
});
