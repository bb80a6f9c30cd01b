#!/usr/bin/env node
// Starts the command line (src/cli/main.ts, compiled), from any folder.
import { compile, isCompiled } from '../scripts/setup/compile.mjs';
import { withLock } from '../scripts/setup/tools.mjs';

if (!isCompiled()) await withLock(compile);
await import('../dist/cli/main.js');
