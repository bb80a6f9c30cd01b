/** The command line as a person types it: what it says, and the exit codes by which others know what to do. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { startApp } from '../support/api.ts';
import { PROJECT } from '../support/up.ts';

const REDIS = { WHENCE_REDIS_URL: 'redis://127.0.0.1:1' };

function whence(args: string[], settings: Record<string, string> = {}) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('WHENCE_'));
  const env = { ...Object.fromEntries(inherited), ...settings };
  return spawnSync(process.execPath, ['bin/whence.mjs', ...args], { cwd: PROJECT, env, encoding: 'utf8' });
}

for (const [what, args, settings, message] of [
  ['an unknown command', ['serve'], {}, /^whence: "serve" is not a command/],
  ['an argument that is none', ['up', '3000'], {}, /^whence: "3000": whence up takes no arguments/],
  ['no such option', ['models', 'add', 'x', '--pol', 'y'], {}, /^whence: Unknown option '--pol'/],
  [
    'no such quantization',
    ['models', 'add', 'x', '--quantization', '4'],
    {},
    /^whence: --quantization is "4": give int8/,
  ],
  ['a setting that is wrong', ['api'], { WHENCE_PORT: 'x' }, /^whence: WHENCE_PORT is "x": give a whole number/],
  ['no Redis', ['worker'], {}, /^whence: WHENCE_REDIS_URL is not set: /],
  ['no models file', ['worker'], { ...REDIS, WHENCE_MODELS_FILE: '/nowhere.json' }, /nowhere\.json: there is no such/],
] as const) {
  test(`what only a person can mend is exit code 78, and one line: ${what}`, () => {
    const { status, stderr } = whence([...args], settings);
    assert.match(stderr.split('\n').at(what === 'no models file' ? -2 : 0) ?? '', message);
    assert.doesNotMatch(stderr, /\n {4}at /, 'no stack trace');
    assert.equal(status, 78);
  });
}

test('each command says what it takes, and the version is told', () => {
  for (const [args, start] of [
    [['help'], 'whence: which input tokens'],
    [['--help'], 'whence: which input tokens'],
    [[], 'whence: which input tokens'],
    [['up', '--help'], 'usage: whence up'],
    [['help', 'worker'], 'usage: whence worker'],
    [['models', '--help'], 'usage: whence models list'],
    [['models', 'add', '-h'], 'usage: whence models list'],
    [['--version'], '0.'],
  ] as const) {
    const { status, stdout, stderr } = whence([...args]);
    assert.deepEqual([status, stderr], [0, ''], args.join(' '));
    assert.ok(stdout.startsWith(start), `${args.join(' ')}: ${stdout}`);
  }
});

test('an address that is taken is exit code 78, with the settings that name it', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as { port: number };
  const { status, stderr } = whence(['api'], { ...REDIS, WHENCE_PORT: String(port), WHENCE_LOG_LEVEL: 'silent' });
  assert.match(stderr, new RegExp(`^whence: WHENCE_HOST 127\\.0\\.0\\.1, WHENCE_PORT ${port}: .*EADDRINUSE`));
  assert.equal(status, 78);
});

test('a slow machine has two minutes to start the API, and not the 10 seconds that Fastify gives it', async (t) => {
  const { app } = await startApp(t);
  assert.equal(app.initialConfig.pluginTimeout, 120_000);
});
