/** Who gets in: a browser that has signed in, whoever has a share link, and nobody else. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { digestOf, NO_KEY } from '../../src/api/access/keys.ts';
import { returnPath } from '../../src/api/access/return-path.ts';
import { keptSecret } from '../../src/api/access/secret.ts';
import { Signer } from '../../src/api/access/signer.ts';
import { buildApp } from '../../src/api/server.ts';
import type { Session } from '../../src/contract/session.ts';
import { attribute, CATALOGUE, MemoryJobs, NO_BATCHES, problemOf, SETTINGS, startApp, WORDS } from '../support/api.ts';

const KEY = 'a-key-0123456789';
const OTHER_KEY = 'another-key-0123456789';
const BODY = { model: 'facts-gpt2', input_texts: 'The capital of France is' };
const BEARER = { authorization: `Bearer ${KEY}` };
const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const HERE = { origin: 'http://localhost:80', host: 'localhost:80' };
const ELSEWHERE = { origin: 'https://evil.example', host: 'localhost:80' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const signIn = (app: FastifyInstance, key = KEY, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url: '/session', payload: { key }, headers });

/** The cookie of a browser that signs in. */
async function cookieOf(app: FastifyInstance): Promise<{ cookie: string }> {
  const response = await signIn(app);
  assert.equal(response.statusCode, 200, response.body);
  return { cookie: String(response.headers['set-cookie']).split(';')[0] };
}

/** A finished job, and its share link. */
async function shared(app: FastifyInstance, jobs: MemoryJobs): Promise<{ id: string; share: string }> {
  const { id, links } = (await attribute(app, BODY, BEARER)).json();
  jobs.finish(id);
  return { id, share: links.share };
}

/** The same service, started again with other settings on the same jobs. */
async function restarted(t: TestContext, jobs: MemoryJobs, settings: Partial<typeof SETTINGS>) {
  const app = await buildApp({
    settings: { ...SETTINGS, apiKeys: [KEY], ...settings },
    jobs,
    batches: NO_BATCHES,
    tokens: WORDS,
  });
  t.after(() => app.close());
  return app;
}

test('a browser signs in once, and its cookie opens jobs, heatmaps and event streams', async (t) => {
  const { app, jobs } = await startApp(t, { apiKeys: [KEY] });
  const response = await signIn(app);
  assert.deepEqual(
    { ...response.json<Session>(), expires_at: null },
    { key_required: true, signed_in: true, expires_at: null, key: 'key-396664a20865', scopes: ['submit', 'read'] },
  );
  assert.match(
    String(response.headers['set-cookie']),
    /^whence_session=[\w.-]+; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax$/,
  );
  assert.ok(!String(response.headers['set-cookie']).includes(KEY));
  const cookie = await cookieOf(app);
  const { id } = await shared(app, jobs);
  for (const url of [`/jobs/${id}`, `/jobs/${id}/result`, `/jobs/${id}/heatmap`, `/jobs/${id}/events`, '/jobs']) {
    assert.equal((await app.inject({ url, headers: cookie })).statusCode, 200, url);
    assert.equal((await app.inject({ url })).statusCode, 401, url);
  }
  assert.equal((await app.inject({ url: '/session', headers: cookie })).json().signed_in, true);
  assert.equal((await app.inject({ url: '/session' })).json().signed_in, false);
});

test('behind TLS the cookie is for TLS alone, and below the prefix', async (t) => {
  const { app } = await startApp(t, { apiKeys: [KEY], trustProxy: true });
  const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-prefix': '/whence' };
  const set = String((await signIn(app, KEY, headers)).headers['set-cookie']);
  assert.match(set, /; Path=\/whence; HttpOnly; Secure; SameSite=Lax$/);
});

test('an unknown key signs nobody in', async (t) => {
  const { app } = await startApp(t, { apiKeys: [KEY] });
  const response = await signIn(app, 'not-the-key-0123456789');
  assert.equal(problemOf(response).title, 'API key missing or unknown');
  assert.equal(response.statusCode, 401);
  assert.equal(response.headers['set-cookie'], undefined);
  assert.ok(!response.body.includes('not-the-key'));
  const empty = await app.inject({ method: 'POST', url: '/session', payload: { key: '' } });
  assert.equal(problemOf(empty).status, 422);
});

test('guesses of keys count against the rate limit', async (t) => {
  const { app } = await startApp(t, { apiKeys: [KEY], rateLimitPerMinute: 3 });
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) statuses.push((await signIn(app, `guess-${i}`)).statusCode);
  statuses.push((await app.inject({ url: '/s/guess' })).statusCode);
  assert.deepEqual(statuses, [401, 401, 401, 429, 429]);
});

test('cookies that are forged, over, of another purpose, secret or key open nothing', async (t) => {
  const { app, jobs } = await startApp(t, { apiKeys: [KEY] });
  const { cookie } = await cookieOf(app);
  const { share } = await shared(app, jobs);
  const [payload, signature] = cookie.split('=')[1].split('.');
  const flipped = (text: string): string => (text[0] === 'A' ? 'B' : 'A') + text.slice(1);
  const now = Math.floor(Date.now() / 1000);
  const key = digestOf(KEY);
  const signed = (secret: string, expires: number, digest = key): string =>
    new Signer(secret, () => []).sign('session', { subject: '', expires, key: digest });
  const forged = {
    'a changed payload': `${flipped(payload)}.${signature}`,
    'a changed signature': `${payload}.${flipped(signature)}`,
    'no signature': payload,
    'an empty signature': `${payload}.`,
    'two signatures': `${payload}.${signature}.${signature}`,
    'a share link': share.slice('/s/'.length),
    'over a second ago': signed(SETTINGS.secret, now - 1),
    'another secret': signed('another-secret', now + 100),
    'a key that is none of the service': signed(SETTINGS.secret, now + 100, digestOf(OTHER_KEY)),
    'no key': signed(SETTINGS.secret, now + 100, NO_KEY),
    nothing: '',
  };
  for (const [what, value] of Object.entries(forged)) {
    const response = await app.inject({ url: '/jobs', headers: { cookie: `whence_session=${value}` } });
    assert.equal(response.statusCode, 401, what);
  }
  const valid = await app.inject({
    url: '/jobs',
    headers: { cookie: `whence_session=${signed(SETTINGS.secret, now + 100)}` },
  });
  assert.equal(valid.statusCode, 200, 'the test signs as the service does');
});

test('a rotated key ends cookies and share links; a key that stays keeps its own', async (t) => {
  const { app, jobs } = await startApp(t, { apiKeys: [KEY, OTHER_KEY] });
  const { cookie } = await cookieOf(app);
  const { share } = await shared(app, jobs);
  for (const [apiKeys, status, sharedStatus] of [
    [[KEY], 200, 200],
    [[OTHER_KEY], 401, 404],
  ] as const) {
    const again = await restarted(t, jobs, { apiKeys });
    assert.equal((await again.inject({ url: '/jobs', headers: { cookie } })).statusCode, status);
    assert.equal((await again.inject({ url: `${share}/result` })).statusCode, sharedStatus);
  }
  const other = await restarted(t, jobs, { apiKeys: [KEY], secret: 'another-secret' });
  assert.equal((await other.inject({ url: '/jobs', headers: { cookie } })).statusCode, 401, 'another secret');
  const second = await restarted(t, jobs, { apiKeys: [KEY] });
  assert.equal((await second.inject({ url: '/jobs', headers: { cookie } })).statusCode, 200, 'another process');
});

test('what changes something by cookie must come from a page of the service', async (t) => {
  const { app, jobs } = await startApp(t, { apiKeys: [KEY], publicUrl: 'https://whence.example/x' });
  const cookie = await cookieOf(app);
  const { id } = await shared(app, jobs);
  const asked = jobs.entries.size;
  for (const headers of [ELSEWHERE, { origin: 'null' }, {}] as Record<string, string>[]) {
    const posted = await attribute(app, BODY, { ...cookie, ...headers });
    assert.match(problemOf(posted).detail, /Origin|not from http:\/\/|not from https:\/\//);
    assert.equal(posted.statusCode, 403);
    for (const [method, url] of [
      ['DELETE', `/jobs/${id}`],
      ['POST', `/jobs/${id}/cancel`],
    ] as const) {
      assert.equal((await app.inject({ method, url, headers: { ...cookie, ...headers } })).statusCode, 403);
    }
  }
  assert.equal(jobs.entries.size, asked);
  assert.equal((await attribute(app, BODY, { ...cookie, ...HERE })).statusCode, 202);
  assert.equal((await attribute(app, BODY, { ...cookie, origin: 'https://whence.example' })).statusCode, 202);
  assert.equal((await attribute(app, BODY, { ...BEARER, ...ELSEWHERE })).statusCode, 202, 'a key needs no Origin');
  const mixed = await attribute(app, BODY, { ...cookie, ...HERE, authorization: 'Bearer no-key-of-this-service' });
  assert.equal(mixed.statusCode, 401, 'a wrong key is not mended by a cookie');
});

test('other sites cannot sign a browser in or out', async (t) => {
  const { app } = await startApp(t, { apiKeys: [KEY] });
  assert.equal((await signIn(app, KEY, ELSEWHERE)).statusCode, 403);
  assert.equal((await app.inject({ method: 'DELETE', url: '/session', headers: ELSEWHERE })).statusCode, 403);
  assert.equal((await app.inject({ method: 'POST', url: '/sign-out', headers: ELSEWHERE })).statusCode, 403);
  assert.equal((await signIn(app, KEY, HERE)).statusCode, 200);
  const out = await app.inject({ method: 'DELETE', url: '/session', headers: HERE });
  assert.equal(out.statusCode, 204);
  assert.match(String(out.headers['set-cookie']), /^whence_session=; Max-Age=0; Path=\//);
});

test('without scripts: a page asks for the key, and the browser goes on to where it wanted', async (t) => {
  const { app } = await startApp(t, { apiKeys: [KEY] });
  const url = '/jobs/j1/heatmap?embed=1';
  const sent = await app.inject({ url, headers: BROWSER });
  assert.equal(sent.statusCode, 303);
  const page = await app.inject({ url: String(sent.headers.location), headers: BROWSER });
  assert.equal(page.statusCode, 200);
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'.*form-action 'self'/);
  assert.equal(page.headers['referrer-policy'], 'same-origin', 'with no-referrer a form has no Origin');
  assert.ok(!page.body.includes('<script'));
  const next = /name="next" value="([^"]*)"/.exec(page.body)?.[1];
  assert.equal(next, url);
  const payload = (key: string): string => new URLSearchParams({ key, next: String(next) }).toString();
  const wrong = await app.inject({
    method: 'POST',
    url: '/session',
    payload: payload('wrong'),
    headers: { ...FORM, ...HERE },
  });
  assert.equal(wrong.statusCode, 401);
  assert.match(
    wrong.body,
    /role="alert">The API key is not known[\s\S]*name="next" value="\/jobs\/j1\/heatmap\?embed=1"/,
  );
  const right = await app.inject({
    method: 'POST',
    url: '/session',
    payload: payload(KEY),
    headers: { ...FORM, ...HERE },
  });
  assert.equal(right.statusCode, 303);
  assert.equal(right.headers.location, url);
  const cookie = String(right.headers['set-cookie']).split(';')[0];
  assert.match((await app.inject({ url: '/sign-in', headers: { cookie } })).body, /action="\/sign-out"/);
  const out = await app.inject({
    method: 'POST',
    url: '/sign-out',
    payload: '',
    headers: { ...FORM, ...HERE, cookie },
  });
  assert.equal(out.headers.location, '/sign-in');
  for (const accept of ['application/json', '*/*', 'text/event-stream']) {
    assert.equal((await app.inject({ url, headers: { accept } })).statusCode, 401, accept);
  }
});

test('after sign-in a browser goes to no other site', () => {
  for (const wanted of [
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '\\\\evil.example',
    'jobs',
    '/.//evil.example',
    '',
  ]) {
    assert.equal(returnPath(wanted), '/', wanted);
  }
  assert.equal(returnPath('/jobs/1/heatmap?a=b#t=5'), '/jobs/1/heatmap?a=b#t=5');
});

test('a share link shows one job in every form, and lets nobody do anything else', async (t) => {
  const { app, jobs } = await startApp(t, { apiKeys: [KEY] });
  const { id, share } = await shared(app, jobs);
  const { id: other } = await shared(app, jobs);
  const job = (await app.inject({ url: share })).json();
  assert.equal(job.id, id);
  const names = { self: share, result: `${share}/result`, events: `${share}/events`, heatmap: `${share}/heatmap` };
  assert.deepEqual(job.links, { ...names, share });
  assert.deepEqual((await app.inject({ url: job.links.result })).json().job_id, id);
  for (const format of ['json', 'inseq', 'csv', 'text', 'html']) {
    const url = `${share}/result?format=${format}`;
    assert.equal(
      (await app.inject({ url })).body,
      (await app.inject({ url: `/jobs/${id}/result?format=${format}`, headers: BEARER })).body,
    );
  }
  assert.match((await app.inject({ url: job.links.heatmap })).body, /^<!doctype html>/);
  assert.match((await app.inject({ url: job.links.events })).body, new RegExp(`"share":"${share}"`));
  const browser = await app.inject({ url: share, headers: BROWSER });
  assert.equal(browser.headers.location, `${share}/heatmap`);
  for (const method of ['POST', 'DELETE', 'PUT'] as const) {
    for (const path of ['', '/cancel', '/result']) {
      assert.ok(
        [404, 405].includes((await app.inject({ method, url: `${share}${path}` })).statusCode),
        `${method} ${path}`,
      );
    }
  }
  assert.equal((await app.inject({ url: `/jobs/${id}` })).statusCode, 401);
  assert.equal((await app.inject({ url: `${share}/../${other}/result` })).statusCode, 404);
});

test('share links that are forged, over, of another purpose or job, or whose job is gone, show nothing', async (t) => {
  const { app, jobs } = await startApp(t, { apiKeys: [KEY] });
  const { id, share } = await shared(app, jobs);
  const signer = new Signer(SETTINGS.secret, () => []);
  const now = Math.floor(Date.now() / 1000);
  const key = digestOf(KEY);
  const token = share.slice('/s/'.length);
  const forged = {
    'over a second ago': signer.sign('share', { subject: id, expires: now - 1, key }),
    'a cookie': signer.sign('session', { subject: id, expires: now + 100, key }),
    'another job under the same signature': `${Buffer.from(`${(now + 100).toString(36)}.job-2`).toString('base64url')}.${token.split('.')[1]}`,
    'no signature': token.split('.')[0],
    nonsense: 'a%2Fb',
  };
  for (const [what, one] of Object.entries(forged)) {
    for (const path of ['', '/result', '/heatmap', '/events']) {
      const response = await app.inject({ url: `/s/${one}${path}` });
      assert.equal(response.statusCode, 404, `${what} ${path}`);
      assert.match(problemOf(response).detail, /not valid|nothing at/);
    }
  }
  assert.equal((await app.inject({ method: 'DELETE', url: `/jobs/${id}`, headers: BEARER })).statusCode, 204);
  for (const path of ['', '/result', '/heatmap', '/events']) {
    assert.match(problemOf(await app.inject({ url: share + path })).detail, /No job has the id/);
  }
});

test('links are absolute where the public URL is known; without keys there are share links, too', async (t) => {
  const { app, jobs } = await startApp(t, { publicUrl: 'https://whence.example/x' });
  const { id, share } = await shared(app, jobs);
  const { links } = (await app.inject({ url: `/jobs/${id}` })).json();
  assert.equal(links.heatmap, `https://whence.example/x/jobs/${id}/heatmap`);
  assert.match(share, /^https:\/\/whence\.example\/x\/s\/[\w-]+\.[\w-]+$/);
  assert.equal((await app.inject({ url: `${new URL(share).pathname.slice(2)}/result` })).json().job_id, id);
  const keyed = await restarted(t, jobs, {});
  assert.equal((await keyed.inject({ url: new URL(share).pathname.slice(2) })).statusCode, 404, 'now there is a key');
});

test('problems are pages for people, and escape what they repeat', async (t) => {
  const { app, jobs } = await startApp(t, { apiKeys: [KEY] });
  const cookie = await cookieOf(app);
  const { id } = (await attribute(app, BODY, BEARER)).json();
  const page = async (url: string, status: number, text: RegExp) => {
    const response = await app.inject({ url, headers: { ...BROWSER, ...cookie } });
    assert.equal(response.statusCode, status, url);
    assert.match(String(response.headers['content-type']), /^text\/html/);
    assert.match(String(response.headers['content-security-policy']), /^default-src 'none'/);
    assert.match(response.body, text);
    assert.ok(!response.body.includes('<script'));
  };
  await page(`/jobs/${id}/result`, 409, /<h1>The job is not finished/);
  await page('/jobs/no%3Cscript%3E', 404, /No job has the id/);
  await app.inject({ method: 'POST', url: `/jobs/${id}/cancel`, headers: BEARER });
  await page(`/jobs/${id}/result`, 410, /was canceled/);
  await page('/s/nothing', 404, /The link is not valid/);
  assert.equal(jobs.entries.size, 1);
});

test('the log has no key, no cookie and no share token', async (t) => {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const jobs = new MemoryJobs(CATALOGUE);
  const settings = { ...SETTINGS, apiKeys: [KEY], logLevel: 'trace' };
  const app = await buildApp({ settings, jobs, batches: NO_BATCHES, tokens: WORDS, log: sink });
  t.after(() => app.close());
  const { cookie } = await cookieOf(app);
  const { id, share } = await shared(app, jobs);
  await app.inject({ url: `/jobs/${id}`, headers: { cookie } });
  await app.inject({ url: `${share}/result` });
  await app.inject({ url: `/sign-in?next=${encodeURIComponent(`${share}/heatmap`)}` });
  await app.inject({ url: `${share}x/result` });
  await signIn(app, 'wrong-key-0123456789');
  const text = lines.join('');
  assert.ok(lines.length >= 7, text);
  assert.match(text, /"path":"\/s\/…\/result"/);
  const [, token] = share.split('/s/');
  for (const secret of [KEY, 'wrong-key', token, cookie.split('=')[1], SETTINGS.secret]) {
    assert.ok(!text.includes(secret), `${secret} is in the log:\n${text}`);
  }
});

test('the secret is made once, for its owner alone, and is the same for every process', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'whence-secret-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const secret = keptSecret(join(folder, 'data'));
  assert.ok(Buffer.from(secret, 'base64url').length === 32);
  assert.equal(keptSecret(join(folder, 'data')), secret);
  assert.notEqual(keptSecret(join(folder, 'other')), secret);
  const file = join(folder, 'data', 'secret');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(readFileSync(file, 'utf8').trim(), secret);
});
