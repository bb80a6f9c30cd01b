#!/usr/bin/env node
import { installNative } from './setup/native.mjs';
// Installs what is missing: packages, the native backend, Redis. Runs before `npm start` and `npm test`, needs nothing
// but Node.js, can be interrupted and run again, and takes a few milliseconds when nothing is to do.
import { installPackages } from './setup/packages.mjs';
import { installRedis } from './setup/redis.mjs';
import { checkNode, fail, withLock } from './setup/tools.mjs';

checkNode();
try {
  await withLock(async () => {
    await installPackages();
    await installNative();
    await installRedis();
  });
} catch (error) {
  fail(error);
}
