/** Keys of a file: what each may do, and that a change counts without a restart. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { refuseExposure } from '../../src/api/access/exposure.ts';
import { digestOf, type Scope } from '../../src/api/access/keys.ts';
import { readKeysFile, writeKeysFile } from '../../src/api/access/keys-file.ts';
import { buildApp } from '../../src/api/server.ts';
import type { Batches } from '../../src/batches/batches.ts';
import { runKeysCommand } from '../../src/cli/keys.ts';
import { attribute, CATALOGUE, MemoryJobs, NO_BATCHES, problemOf, SETTINGS, startApp, WORDS } from '../support/api.ts';
import { eventually } from '../support/jobs.ts';

const BODY = { model: 'facts-gpt2', input_texts: 'The capital of France is' };
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const entry = (name: string, key: string, scopes: Scope[] = ['submit', 'read'], weight = 1) => ({
  name,
  sha256: digestOf(key).toString('hex'),
  scopes,
  weight,
});

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'whence-keys-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

test('a priority above 0 needs the scope admin, in a body, in defaults and in lines', async (t) => {
  const keysFile = join(folder(t), 'keys.json');
  writeKeysFile(keysFile, [entry('ann', 'key-of-ann'), entry('boss', 'key-of-boss', ['admin'])]);
  const jobs = new MemoryJobs(CATALOGUE);
  const upload = { add: async () => {}, abort: async () => {}, commit: () => assert.fail('it was accepted') };
  const batches = { upload: async () => upload } as unknown as Batches;
  const app = await buildApp({ settings: { ...SETTINGS, keysFile }, jobs, batches, tokens: WORDS });
  t.after(() => app.close());
  const priorityOf = ({ id }: { id: string }) => jobs.entry(id).request.priority;
  const context = {
    model: 'facts-gpt2',
    documents: [{ text: 'a' }],
    query: 'b',
    method: 'occlusion',
    context_sensitivity_metric: 'contrast_prob_diff',
  };
  for (const [url, body] of [
    ['/attribute', BODY],
    ['/attribute-context', context],
  ] as const) {
    const send = (key: string, priority: unknown) =>
      app.inject({ method: 'POST', url, headers: bearer(key), payload: { ...body, priority } });
    const refused = await send('key-of-ann', 1);
    assert.equal(refused.statusCode, 403, refused.body);
    const why = /"ann" has the scopes submit, read, and a priority above 0 \(#\/priority\) needs admin/;
    assert.match(problemOf(refused).detail, why);
    assert.equal(priorityOf((await send('key-of-ann', -10)).json()), -10);
    assert.equal(priorityOf((await send('key-of-ann', 0)).json()), undefined);
    assert.equal(priorityOf((await send('key-of-boss', 10)).json()), 10);
    for (const [wrong, says] of [
      [11, /at most 10, got 11/],
      [-11, /at least -10, got -11/],
      [0.5, /integer/],
      ['high', /integer/],
    ] as const) {
      const answer = await send('key-of-boss', wrong);
      assert.equal(answer.statusCode, 422);
      assert.equal(problemOf(answer).errors?.[0].pointer, '#/priority');
      assert.match(problemOf(answer).detail, says);
    }
  }

  const send = (key: string, ...lines: object[]) =>
    app.inject({
      method: 'POST',
      url: '/batches',
      headers: { ...bearer(key), 'content-type': 'application/x-ndjson' },
      payload: lines.map((line) => JSON.stringify(line)).join('\n'),
    });
  const line = { custom_id: '1', body: BODY };
  const inDefaults = await send('key-of-ann', { defaults: { priority: 2 } }, line);
  assert.deepEqual([inDefaults.statusCode, /#\/defaults\/priority/.test(inDefaults.body)], [403, true]);
  const inLine = await send('key-of-ann', line, { custom_id: '2', body: { ...BODY, priority: 2 } });
  assert.deepEqual([inLine.statusCode, /line 2, #\/body\/priority/.test(inLine.body)], [403, true]);
});

test('without keys any priority is taken', async (t) => {
  const { app, jobs } = await startApp(t);
  const { id } = (await attribute(app, { ...BODY, priority: 10 })).json();
  assert.equal(jobs.entry(id).request.priority, 10);
});

test('a key may do what its scopes say, and admin sees what all have made', async (t) => {
  const keysFile = join(folder(t), 'keys.json');
  const names = { ann: ['submit', 'read'], writer: ['submit'], reader: ['read'], boss: ['admin'] } as const;
  writeKeysFile(
    keysFile,
    Object.entries(names).map(([name, scopes]) => entry(name, `key-of-${name}`, [...scopes])),
  );
  const { app, jobs } = await startApp(t, { keysFile });
  assert.equal((await attribute(app, BODY)).statusCode, 401);
  const { id } = (await attribute(app, BODY, bearer('key-of-ann'))).json();
  assert.equal(await jobs.owner(id), 'ann');

  const refused = await attribute(app, BODY, bearer('key-of-reader'));
  assert.equal(refused.statusCode, 403);
  assert.match(problemOf(refused).detail, /"reader" has the scope read, and this needs submit/);
  const written = await attribute(app, BODY, bearer('key-of-writer'));
  assert.equal(written.statusCode, 202);
  assert.equal(written.json().links.share, undefined, 'a link would let it read');
  const ask = async (name: string, url: string, method: 'GET' | 'POST' | 'DELETE' = 'GET') =>
    (await app.inject({ method, url, headers: bearer(`key-of-${name}`) })).statusCode;
  assert.equal(await ask('writer', `/jobs/${written.json().id}`), 403);
  assert.equal(await ask('reader', '/jobs'), 200);
  assert.equal(await ask('reader', `/jobs/${id}/cancel`, 'POST'), 403);
  assert.equal(await ask('reader', `/jobs/${id}`, 'DELETE'), 403);
  assert.equal(await ask('writer', `/jobs/${id}`, 'DELETE'), 404);
  const all = await app.inject({ url: '/jobs', headers: bearer('key-of-boss') });
  assert.equal(all.json().jobs.length, 2);
  assert.equal(await ask('boss', `/jobs/${id}/cancel`, 'POST'), 202);

  const signedIn = await app.inject({ method: 'POST', url: '/session', payload: { key: 'key-of-reader' } });
  const { key, scopes, signed_in } = signedIn.json();
  assert.deepEqual([key, scopes, signed_in], ['reader', ['read'], true]);
});

test('a key is refused from the moment on at which it expires, and told why; so are its cookie and its links', async (t) => {
  const keysFile = join(folder(t), 'keys.json');
  const expires = new Date(Date.now() + 2_500).toISOString();
  const ann = { ...entry('ann', 'key-of-ann'), expires };
  writeKeysFile(keysFile, [
    ann,
    entry('ann', 'new-key'),
    { ...entry('old', 'key-of-old'), expires: '2026-01-01T00:00+02:00' },
  ]);
  const { app, jobs } = await startApp(t, { keysFile });
  const ask = (url: string, headers: Record<string, string>) => app.inject({ url, headers });
  const old = await ask('/jobs', bearer('key-of-old'));
  assert.equal(old.statusCode, 401);
  assert.match(problemOf(old).detail, /expired at 2025-12-31T22:00:00.000Z: ask/);
  assert.equal(app.keyring.shareOf('ann'), 1, 'who has expired has no share of the queue');

  const made = (await attribute(app, BODY, bearer('key-of-ann'))).json();
  jobs.finish(made.id);
  const signedIn = await app.inject({ method: 'POST', url: '/session', payload: { key: 'key-of-ann' } });
  const cookie = String(signedIn.headers['set-cookie']).split(';')[0];
  for (const headers of [bearer('key-of-ann'), { cookie }]) assert.equal((await ask('/jobs', headers)).statusCode, 200);
  assert.equal((await app.inject(made.links.share)).statusCode, 200);
  await eventually(async () => Date.now() >= Date.parse(expires));
  const refused = await ask('/jobs', bearer('key-of-ann'));
  assert.equal(refused.statusCode, 401);
  assert.match(problemOf(refused).detail, new RegExp(`expired at ${expires}`));
  assert.equal((await ask('/jobs', { cookie })).statusCode, 401);
  assert.equal((await app.inject(made.links.share)).statusCode, 404);
  const again = await app.inject({ method: 'POST', url: '/session', payload: { key: 'key-of-ann' } });
  assert.deepEqual([again.statusCode, /expired at/.test(problemOf(again).detail)], [401, true]);
  assert.equal((await ask(`/jobs/${made.id}`, bearer('new-key'))).statusCode, 200, 'its jobs stay those of its name');
});

test('a time that a key cannot expire at is refused by name', (t) => {
  const keysFile = join(folder(t), 'keys.json');
  for (const expires of ['tomorrow', '2027-01-31', '2027-01-31T00:00:00', '2027-13-01T00:00:00Z']) {
    assert.throws(() => writeKeysFile(keysFile, [{ ...entry('ann', 'a'), expires }]), /#\/keys\/0\/expires/, expires);
  }
  runKeysCommand(['add', 'guest', '--expires', '2027-01-31T00:00:00Z'], keysFile);
  assert.deepEqual(
    readKeysFile(keysFile).map(({ expires }) => expires),
    [Date.UTC(2027, 0, 31)],
  );
});

test('a changed file counts within seconds; one that cannot be used changes nothing', async (t) => {
  const keysFile = join(folder(t), 'keys.json');
  writeKeysFile(keysFile, [entry('ann', 'old-key')]);
  const jobs = new MemoryJobs(CATALOGUE);
  const app = await buildApp({ settings: { ...SETTINGS, keysFile }, jobs, batches: NO_BATCHES, tokens: WORDS });
  t.after(() => app.close());
  const status = async (key: string, url = '/jobs') => (await app.inject({ url, headers: bearer(key) })).statusCode;
  const { id, links } = (await attribute(app, BODY, bearer('old-key'))).json();
  jobs.finish(id);

  writeKeysFile(keysFile, [entry('ann', 'old-key'), entry('ann', 'new-key')]);
  await eventually(async () => (await status('new-key')) === 200);
  assert.equal(await status('new-key', `/jobs/${id}/result`), 200, 'both are the same tenant');
  assert.equal((await app.inject(links.share)).statusCode, 200);
  writeFileSync(keysFile, '{"keys": [');
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  assert.equal(await status('old-key'), 200);
  writeKeysFile(keysFile, [entry('ann', 'new-key')]);
  await eventually(async () => (await status('old-key')) === 401);
  assert.equal((await app.inject(links.share)).statusCode, 404, 'its links end with it');
  writeKeysFile(keysFile, []);
  await eventually(async () => (await status('new-key')) === 401);
  assert.equal((await attribute(app, BODY)).statusCode, 401, 'without any key nobody gets in');
});

test('a keys file with a mistake is refused with file, place and remedy', (t) => {
  const file = join(folder(t), 'keys.json');
  assert.throws(() => readKeysFile(file), /WHENCE_KEYS_FILE .*keys\.json: it cannot be read .*`whence keys add NAME`/);
  for (const [keys, message] of [
    [[{ ...entry('ann', 'k'), name: 'a b' }], /#\/keys\/0\/name: /],
    [[{ ...entry('ann', 'k'), scopes: ['root'] }], /#\/keys\/0\/scopes\/0: /],
    [[{ ...entry('ann', 'k'), sha256: 'k' }], /#\/keys\/0\/sha256: /],
    [[entry('ann', 'k'), entry('bo', 'k')], /#\/keys\/1: this key is there twice/],
    [
      [entry('ann', 'k'), entry('ann', 'l', ['read'], 2)],
      /#\/keys\/1\/weight: "ann" has the weights 1 and 2: give one/,
    ],
  ] as const) {
    writeFileSync(file, JSON.stringify({ keys }));
    assert.throws(() => readKeysFile(file), message);
  }
});

test('whence keys: a key is shown once, kept as a hash for its owner alone, and removed by name or hash', (t) => {
  const file = join(folder(t), 'keys.json');
  const said: string[] = [];
  t.mock.method(console, 'log', (line: string) => said.push(line));
  const run = (...args: string[]): string => {
    runKeysCommand(args, file);
    return said.at(-1) ?? '';
  };
  const [key] = run('add', 'ann', '--weight', '2').split('\n');
  assert.match(key, /^whence_[\w-]{43}$/);
  assert.ok(!readFileSync(file, 'utf8').includes(key));
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const [added] = readKeysFile(file);
  assert.deepEqual([added.name, added.scopes, added.weight], ['ann', ['submit', 'read'], 2]);
  assert.ok(added.digest.equals(digestOf(key)));
  run('add', 'ann');
  run('add', 'boss', '--scopes', 'admin');
  assert.match(run('list'), /^ann {2}[0-9a-f]{12} {2}submit,read {2}weight 2\nann .*\nboss .*admin {2}weight 1$/);
  run('remove', 'ann', '--sha256', added.digest.toString('hex').slice(0, 12));
  assert.equal(readKeysFile(file).length, 2);
  for (const [args, message] of [
    [['add', 'eve', '--scopes', 'root'], /--scopes has "root": give some of submit,read,admin/],
    [['add', 'eve', '--weight', 'much'], /#\/keys\/2\/weight: /],
    [['add', 'ann', '--weight', '3'], /"ann" has the weights 2 and 3: give one/],
    [['remove', 'eve'], /has no such key "eve"; it has:\nann /],
    [['add'], /^usage: whence keys add/],
  ] as const) {
    assert.throws(() => runKeysCommand([...args], file), { message });
    assert.equal(readKeysFile(file).length, 2);
  }
  assert.throws(() => runKeysCommand(['list'], null), /WHENCE_KEYS_FILE is not set/);
});

test('without keys it listens on loopback addresses alone, unless told otherwise', () => {
  for (const host of ['127.0.0.1', '127.3.2.1', '::1', 'localhost']) {
    refuseExposure(host, { keyless: true, allowed: false });
  }
  for (const host of ['0.0.0.0', '::', '192.168.0.7', 'example.org', '::ffff:10.0.0.1']) {
    assert.throws(
      () => refuseExposure(host, { keyless: true, allowed: false }),
      /WHENCE_HOST is .*WHENCE_KEYS_FILE.*WHENCE_ALLOW_NO_KEYS=true/,
    );
    refuseExposure(host, { keyless: false, allowed: false });
    refuseExposure(host, { keyless: true, allowed: true });
  }
});
