import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Child } from '../../src/supervisor/child.ts';
import { UNUSABLE } from '../../src/unusable.ts';

/** Notes its start in a file, then does what its argument says. */
const PROGRAM = `
import { appendFileSync } from 'node:fs';
const [what, log] = process.argv.slice(2);
appendFileSync(log, 'started\\n');
if (what === 'crash') process.exit(3);
if (what === 'unusable') process.exit(${UNUSABLE});
if (what === 'stubborn') process.on('SIGTERM', () => appendFileSync(log, 'asked\\n'));
if (what === 'orderly') process.on('SIGTERM', () => { appendFileSync(log, 'asked\\n'); process.exit(0); });
setInterval(() => {}, 1000);
`;

describe('a child of the supervisor', () => {
  let folder: string;
  let program: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'whence-child-'));
    program = join(folder, 'program.mjs');
    writeFileSync(program, PROGRAM);
    mock.method(console, 'error', () => {});
  });
  after(() => {
    mock.restoreAll();
    rmSync(folder, { recursive: true });
  });

  const make = (what: string, onGivenUp: (name: string) => void = () => assert.fail('given up')) => {
    const log = join(folder, what);
    writeFileSync(log, '');
    const lines = (): string[] => readFileSync(log, 'utf8').split('\n').filter(Boolean);
    const child = new Child(what, [what, log], process.env, onGivenUp, pathToFileURL(program));
    return { child, lines };
  };
  const until = async (condition: () => boolean): Promise<void> => {
    for (let i = 0; i < 200; i++) {
      if (condition()) return;
      await sleep(50);
    }
    assert.fail('it did not happen within 10 s');
  };

  it('is started again when it crashed, each time after a longer pause', async () => {
    const { child, lines } = make('crash');
    const began = Date.now();
    child.start();
    await until(() => lines().length === 3);
    assert.ok(Date.now() - began >= 1_400, 'pauses of 0.5 and 1 s');
    await child.stop(1_000);
    await sleep(2_500);
    assert.equal(lines().length, 3, 'it stays stopped');
  });

  it('is given up when it says that it cannot work as configured', async () => {
    const given: string[] = [];
    const { child, lines } = make('unusable', (name) => given.push(name));
    child.start();
    await until(() => given.length > 0);
    await sleep(800);
    assert.deepEqual([given, lines()], [['unusable'], ['started']]);
  });

  it('ends by itself when it is asked to', async () => {
    const { child, lines } = make('orderly');
    child.start();
    await until(() => lines().length === 1);
    await sleep(200);
    await child.stop(10_000);
    assert.deepEqual(lines(), ['started', 'asked']);
  });

  it('is killed when it does not end in time', async () => {
    const { child, lines } = make('stubborn');
    child.start();
    await until(() => lines().length === 1);
    await sleep(200);
    const began = Date.now();
    await child.stop(500);
    assert.ok(Date.now() - began < 5_000);
    assert.deepEqual(lines(), ['started', 'asked']);
  });
});
