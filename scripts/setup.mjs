#!/usr/bin/env node
// Installs what is missing (packages, the native backend, Redis, a browser for tests) and compiles the sources, then runs
// the program that its arguments name, in this process. Needs nothing but Node.js, can be interrupted and run again, and
// takes a few milliseconds when nothing is to do. It is called by the scripts themselves: npm leaves pre-scripts out where install scripts are off (.npmrc).
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installBrowser } from './setup/browser.mjs';
import { compile } from './setup/compile.mjs';
import { installNative } from './setup/native.mjs';
import { installPackages } from './setup/packages.mjs';
import { installRedis } from './setup/redis.mjs';
import { installSoftwareGpu } from './setup/software-gpu.mjs';
import { checkNode, fail, PROJECT, withLock } from './setup/tools.mjs';

checkNode();
const [program, ...programArgs] = process.argv.slice(2);
try {
  await withLock(async () => {
    await installPackages();
    await compile();
    await installNative();
    await installRedis();
    await installBrowser();
    await installSoftwareGpu();
  });
} catch (error) {
  fail(error);
}
if (program !== undefined) {
  const file = join(PROJECT, program);
  process.argv = [process.argv[0], file, ...programArgs];
  if (file.endsWith('.ts')) (await import('tsx/esm/api')).register();
  await import(pathToFileURL(file).href);
}
