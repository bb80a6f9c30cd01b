/** The Python package, by its own tests, against a real service with an API key. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { PROJECT, startUp } from '../support/up.ts';

const KEY = 'a-key-of-the-python-tests';

test('the Python client works as its tests say', async (t) => {
  const { status, stdout } = spawnSync('python3', ['-c', 'import sys; print(sys.version_info >= (3, 9))']);
  if (status !== 0 || !String(stdout).includes('True')) return t.skip('there is no Python 3.9 or newer');
  const up = await startUp({ WHENCE_API_KEYS: KEY });
  t.after(() => up.stop());
  const folder = join(PROJECT, 'clients', 'python');
  const env = { ...process.env, PYTHONPATH: join(folder, 'src'), WHENCE_TEST_URL: up.url, WHENCE_TEST_KEY: KEY };
  const python = spawn(
    'python3',
    ['-B', '-W', 'error::SyntaxWarning', '-m', 'unittest', 'discover', '-s', 'tests', '-v'],
    {
      cwd: folder,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let report = '';
  python.stderr.setEncoding('utf8').on('data', (text: string) => {
    report += text;
  });
  const [code] = await once(python, 'exit');
  assert.equal(code, 0, report);
  for (const [, name, why] of report.matchAll(/^(test_\w+).*skipped ['"](.*)['"]/gm)) t.diagnostic(`${name}: ${why}`);
  assert.match(report, /^Ran \d{2} tests/m);
});
