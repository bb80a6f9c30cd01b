#!/usr/bin/env node
// Runs every test (or those whose path contains an argument) through node's test runner.
import { spawn } from 'node:child_process';
import { globSync } from 'tinyglobby';
import { PROJECT } from './setup/tools.mjs';

const wanted = process.argv.slice(2);
const files = globSync(['test/**/*.test.ts'], { cwd: PROJECT })
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();
const args = ['--import', 'tsx', '--test', '--test-concurrency=2', '--test-timeout=600000', ...files];
const env = { ...process.env, WHENCE_LOG_LEVEL: 'warn' };
spawn(process.execPath, args, { cwd: PROJECT, stdio: 'inherit', env }).on('exit', (code) => process.exit(code ?? 1));
