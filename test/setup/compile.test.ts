/** The compiled sources: one JavaScript file for each, current by content. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Checkout, PROJECT } from './checkout.ts';

describe('the compiled sources', () => {
  let checkout: Checkout;
  before(() => {
    checkout = new Checkout();
    checkout.write('package.json', '{"type": "module"}');
    for (const name of ['esbuild', '@esbuild']) {
      symlinkSync(join(PROJECT, 'node_modules', name), checkout.path(`node_modules/${name}`));
    }
    checkout.write('src/main.ts', "import { answer } from './parts/answer.ts';\nconsole.log(answer as number);\n");
    checkout.write('src/parts/answer.ts', 'export const answer: number = 41;\n');
    checkout.write('src/parts/thread.ts', "export const other = new URL('./answer.ts', import.meta.url).href;\n");
    checkout.write('src/parts/script.lua', 'return 1\n');
  });
  after(() => checkout.remove());

  const compile = (): number => {
    const { status, stderr } = checkout.setup([], { WHENCE_BACKEND: 'wasm' });
    assert.equal(status, 0, stderr);
    return readFileSync(checkout.path('dist/sources.sha256')).length;
  };
  const run = (): string => spawnSync(process.execPath, [checkout.path('dist/main.js')], { encoding: 'utf8' }).stdout;

  it('are files of their own, beside what they read, and name each other', () => {
    compile();
    assert.deepEqual(readdirSync(checkout.path('dist/parts')).sort(), ['answer.js', 'script.lua', 'thread.js']);
    assert.equal(run(), '41\n');
    assert.match(readFileSync(checkout.path('dist/parts/thread.js'), 'utf8'), /'\.\/answer\.js'|"\.\/answer\.js"/);
    assert.ok(!existsSync(checkout.path('dist.part')));
  });

  it('are made again when a source says something else, and only then', () => {
    const marker = checkout.path('dist/marker');
    writeFileSync(marker, '');
    utimesSync(checkout.path('src/main.ts'), new Date(), new Date());
    compile();
    assert.ok(existsSync(marker), 'a source that was only touched');
    checkout.write('src/parts/answer.ts', 'export const answer: number = 42;\n');
    compile();
    assert.ok(!existsSync(marker));
    assert.equal(run(), '42\n');
    rmSync(checkout.path('src/parts/thread.ts'));
    compile();
    assert.ok(!existsSync(checkout.path('dist/parts/thread.js')), 'what has no source any more');
  });

  it('do without their sources', () => {
    rmSync(checkout.path('src'), { recursive: true });
    compile();
    assert.equal(run(), '42\n');
  });
});
