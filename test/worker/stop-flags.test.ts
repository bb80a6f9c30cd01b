/** A stop signal reaches a process whose event loop is blocked. */

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { STOP_PIPE, writeStop } from '../../src/worker/stop-flags.ts';

const MODULE = new URL('../../src/worker/stop-flags.ts', import.meta.url).href;

/** Says that it is ready, then computes without a turn of its event loop until slot 7 is set. */
const CHILD = `
import { StopFlags } from ${JSON.stringify(MODULE)};
const stops = new StopFlags();
stops.listen();
stops.clear(7);
process.once('message', () => {
  process.send('blocks');
  setImmediate(() => {
    const deadline = Date.now() + 60_000;
    while (!stops.isSet(7) && Date.now() < deadline);
    process.send({ heard: stops.isSet(7), other: stops.isSet(8) }, () => process.exit(0));
  });
});
`;

describe('stop flags', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'whence-stop-'));
    writeFileSync(join(folder, 'child.mjs'), CHILD);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('are heard while the process computes, and the process still ends by itself', async () => {
    const child = fork(join(folder, 'child.mjs'), [], {
      execArgv: ['--import', import.meta.resolve('tsx')],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
    });
    const exited = once(child, 'exit');
    child.send('go');
    assert.deepEqual(await once(child, 'message').then(([message]) => message), 'blocks');
    writeStop(child.stdio[STOP_PIPE], 7);
    const [answer] = await once(child, 'message');
    assert.deepEqual(answer, { heard: true, other: false });
    assert.deepEqual(await exited, [0, null]);
  });
});
