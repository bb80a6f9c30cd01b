#!/usr/bin/env node
// Starts the command line (src/cli/main.ts) through tsx, from any folder.
import { register } from 'tsx/esm/api';

register();
await import('../src/cli/main.ts');
