#!/usr/bin/env node
// Runs every test (or those whose path contains an argument) through node's test runner. `--quick` leaves out the second
// backend and what takes long: real processes and services, fuzzing, training, and the widest tables of numbers.
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

const args = process.argv.slice(2);
const isQuick = args.includes('--quick');
const wanted = args.filter((arg) => arg !== '--quick');
const files = globSync(['test/**/*.test.ts'], { cwd: PROJECT })
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .filter((file) => !isQuick || !SLOW.some((part) => file.startsWith(part)))
  .sort();
const options = ['--import', 'tsx', '--test', '--test-concurrency=2', '--test-timeout=600000'];
const env = { ...process.env, WHENCE_LOG_LEVEL: 'warn', ...(isQuick ? { TEST_QUICK: '1' } : {}) };
spawn(process.execPath, [...options, ...files], { cwd: PROJECT, stdio: 'inherit', env }).on('exit', (code) =>
  process.exit(code ?? 1),
);
