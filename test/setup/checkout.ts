/** A checkout with its packages installed and nothing else, and a PATH that holds only what a test puts there. */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

export class Checkout {
  readonly folder = mkdtempSync(join(tmpdir(), 'whence-setup-'));

  /** With Redis on the PATH, and neither Python nor a compiler. */
  constructor() {
    cpSync(join(PROJECT, 'scripts'), this.path('scripts'), { recursive: true });
    this.write('package-lock.json', '{}');
    this.write('node_modules/@tensorflow/tfjs-node-gpu/package.json', '{"version": "4.22.0"}');
    this.write('node_modules/.whence-packages', createHash('sha256').update('{}').digest('hex'));
    this.program('redis-server', '');
    symlinkSync('/bin/sh', this.path('bin/sh'));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): void {
    const file = this.path(name);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, text);
  }

  /** Puts a shell script on the PATH. */
  program(name: string, script: string): void {
    this.write(`bin/${name}`, `#!/bin/sh\n${script}\n`);
    chmodSync(this.path(`bin/${name}`), 0o755);
  }

  env(): Record<string, string> {
    return { HOME: this.folder, PATH: this.path('bin') };
  }

  /** Runs setup, and after it the program that the arguments name. */
  setup(args: string[] = [], more: Record<string, string> = {}) {
    const script = this.path('scripts/setup.mjs');
    return spawnSync(process.execPath, [script, ...args], { env: { ...this.env(), ...more }, encoding: 'utf8' });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
