#!/usr/bin/env node
// Runs every test (or those whose path contains an argument) through node's test runner. `--webgpu` runs what is held
// against golden numbers, on WebGPU. `--quick` leaves out the second backend and what takes long: real processes and
// services, fuzzing, training, and the widest tables of numbers.
import { spawn } from 'node:child_process';
import { globSync } from 'tinyglobby';
import { PROJECT } from './setup/tools.mjs';

const SLOW = [
  ...['cli', 'clients', 'docs/guides', 'e2e', 'examples', 'jobs', 'lifecycle', 'setup', 'supervisor', 'training'],
  ...['api/fuzz', 'api/hostile', 'attribution/methods/goldens', 'attribution/methods/behavior', 'engine/inseq'],
  ...['api/large-results', 'engine/batching', 'generation/generation-config'],
  ...[
    'models/encoder-decoder-attributions',
    'models/encoder-decoder-v040',
    'models/matrix',
    'tensors/webgpu',
    'tokenizers/bounded',
  ],
].map((part) => `test/${part}`);

/** With `--webgpu`: what is held against golden numbers, all of it on WebGPU. It takes hours without a GPU. */
const ON_WEBGPU = [
  ...['attribution/int8-models', 'attribution/methods/goldens', 'attribution/methods/v040', 'tensors/webgpu'],
  ...['models/encoder-decoder-attributions', 'models/encoder-decoder-int8', 'models/encoder-decoder-v040'],
].map((part) => `test/${part}`);

const args = process.argv.slice(2);
const isQuick = args.includes('--quick');
const onWebGpu = args.includes('--webgpu');
const wanted = args.filter((arg) => arg !== '--quick' && arg !== '--webgpu');
const files = globSync(['test/**/*.test.ts'], { cwd: PROJECT })
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .filter((file) => !isQuick || !SLOW.some((part) => file.startsWith(part)))
  .filter((file) => !onWebGpu || ON_WEBGPU.some((part) => file.startsWith(part)))
  .sort();
const options = ['--import', 'tsx', '--test', '--test-concurrency=2', '--test-timeout=600000'];
const env = {
  ...process.env,
  WHENCE_LOG_LEVEL: 'warn',
  ...(isQuick && { TEST_QUICK: '1' }),
  ...(onWebGpu && { TEST_BACKEND: 'webgpu' }),
};
spawn(process.execPath, [...options, ...files], { cwd: PROJECT, stdio: 'inherit', env }).on('exit', (code) =>
  process.exit(code ?? 1),
);
