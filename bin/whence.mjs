#!/usr/bin/env node
// Starts the command line (src/main.ts) through tsx, from any folder.
import { register } from 'tsx/esm/api';

register();
await import('../src/main.ts');
