/** The explorer as the API sends it: complete, small, and from this service alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { attribute, startApp } from '../support/api.ts';

const BODY = { model: 'facts-gpt2', input_texts: 'The capital of France is' };
const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

/** Compressed bytes of JavaScript that the page may have. */
const MOST_SCRIPT_BYTES = 60_000;

/** Where the references of a page lead. */
function references(body: string, page: string): string[] {
  const base = /<base href="([^"]+)">/.exec(body)?.[1] ?? '';
  const start = new URL(base, `http://x${page}`);
  const tags = body.matchAll(/<(?:script|link)[^>]*(?:src|href)="([^"]+)"/g);
  return Array.from(tags, ([, url]) => new URL(url, start)).map(({ host, pathname }) => {
    assert.equal(host, 'x', 'nothing is loaded from elsewhere');
    return pathname;
  });
}

test('/ is the explorer, whose files are sent to be kept', async (t) => {
  const { app } = await startApp(t, { apiKeys: ['k'.repeat(32)] });
  const page = await app.inject('/');
  assert.equal(page.statusCode, 200);
  assert.match(String(page.headers['content-security-policy']), /^default-src 'self'; base-uri/);
  const found = references(page.body, '/');
  assert.equal(found.length, 3);
  let script = 0;
  for (const path of found) {
    const file = await app.inject(path);
    assert.equal(file.statusCode, 200, path);
    assert.match(String(file.headers['cache-control']), /^public, max-age=/);
    if (path.endsWith('.js')) script += gzipSync(file.rawPayload).length;
    assert.doesNotMatch(file.body.replaceAll('http://www.w3.org/', ''), /https?:\/\//, 'no other host is named');
  }
  assert.ok(script > 5_000 && script <= MOST_SCRIPT_BYTES, `${script} bytes of JavaScript`);
  assert.equal((await app.inject('/assets/other.js')).statusCode, 404);
  assert.equal((await app.inject('/assets/..%2Findex.html')).statusCode, 404);
});

test('the explorer below a prefix loads its files from there', async (t) => {
  for (const trustProxy of [true, false]) {
    const { app } = await startApp(t, { trustProxy });
    const page = await app.inject({ url: '/', headers: { 'x-forwarded-prefix': '/whence' } });
    for (const path of references(page.body, '/whence/')) assert.ok(path.startsWith('/whence/assets/'), path);
    assert.equal(page.body.includes('<base href="/whence/">'), trustProxy);
  }
});

test('a browser gets a page for a heatmap that is not there yet, is gone, or never was', async (t) => {
  const { app, jobs } = await startApp(t);
  for (let count = 0; count < 2; count++) await attribute(app, BODY);
  const waiting = await app.inject({ url: '/jobs/job-1/heatmap', headers: BROWSER });
  assert.equal(waiting.statusCode, 202);
  assert.match(waiting.body, /<progress[^>]*>.*new EventSource\("events"\)/s);
  assert.match(String(waiting.headers['content-security-policy']), /default-src 'none'.*; connect-src 'self'/);
  jobs.finish('job-1');
  const finished = await app.inject({ url: '/jobs/job-1/heatmap', headers: BROWSER });
  assert.equal(finished.statusCode, 200);
  assert.doesNotMatch(String(finished.headers['content-security-policy']), /connect-src/);
  jobs.finish('job-2', 'canceled');
  for (const [id, status, says] of [
    ['job-2', 410, /was canceled/],
    ['unknown', 404, /No job has the id/],
  ] as const) {
    const page = await app.inject({ url: `/jobs/${id}/heatmap`, headers: BROWSER });
    assert.equal(page.statusCode, status);
    assert.match(String(page.headers['content-type']), /^text\/html/);
    assert.match(page.body, says);
  }
});

test('a fragment for other pages', async (t) => {
  const { app, jobs } = await startApp(t);
  await attribute(app, BODY);
  jobs.finish('job-1');
  const fragment = await app.inject('/jobs/job-1/heatmap?embed=1');
  assert.match(String(fragment.headers['content-type']), /^text\/html/);
  assert.match(fragment.body, /^<whence-result>/);
  const refused = await app.inject('/jobs/job-1/heatmap?embed=yes');
  assert.equal(refused.statusCode, 400);
  assert.match(refused.json().errors[0].detail, /embed|0.*1/);
});
