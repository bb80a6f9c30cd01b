/** What proxies in front say is believed as far as the operator trusts them, and no further. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forwardedPrefix, type TrustProxy, trustOf } from '../../src/api/http/proxy.ts';
import { attribute, startApp } from '../support/api.ts';

const BODY = { model: 'facts-gpt2', input_texts: 'The capital of France is' };
const MANY = 12;

for (const [what, trustProxy, forwarded, limited] of [
  ['nobody is trusted: the connection counts', false, (i: number) => `198.51.100.${i}`, true],
  [
    'true is one hop: what the client wrote before the proxy',
    true,
    (i: number) => `198.51.100.${i}, 203.0.113.9`,
    true,
  ],
  ['one hop: clients behind the proxy count each', true, (i: number) => `198.51.100.${i}`, false],
  ['two hops', 2, (i: number) => `192.0.2.${i}, 198.51.100.7, 203.0.113.9`, true],
  ['two hops, clients', 2, (i: number) => `198.51.100.${i}, 203.0.113.9`, false],
  ['by address', ['127.0.0.0/8', '203.0.113.9'], (i: number) => `192.0.2.${i}, 198.51.100.7, 203.0.113.9`, true],
  ['by address, clients', ['127.0.0.0/8', '203.0.113.9'], (i: number) => `198.51.100.${i}, 203.0.113.9`, false],
  ['by an address that is not the proxy', ['10.0.0.1'], (i: number) => `198.51.100.${i}`, true],
  ['addresses of one IPv6 network are one client', 1, (i: number) => `2001:db8::${i.toString(16)}`, true],
] as const) {
  test(`the rate limit and X-Forwarded-For, ${what}`, async (t) => {
    const { app } = await startApp(t, { rateLimitPerMinute: MANY / 2, trustProxy });
    const statuses = new Set<number>();
    for (let i = 0; i < MANY; i++) {
      const headers = { 'x-forwarded-for': forwarded(i + 1) };
      statuses.add((await app.inject({ url: '/jobs', headers })).statusCode);
    }
    assert.deepEqual([...statuses], limited ? [200, 429] : [200]);
  });
}

test('guesses of keys, and of paths, count against the rate limit', async (t) => {
  const { app } = await startApp(t, { rateLimitPerMinute: 5, apiKeys: ['a-key-0123456789'] });
  for (const url of ['/jobs', '/no/such/path']) {
    for (let i = 0; i < 5; i++) {
      const { statusCode } = await app.inject({
        url,
        headers: { 'x-api-key': `guess-${i}` },
        remoteAddress: `10.0.0.${url.length}`,
      });
      assert.equal(statusCode, 401);
    }
    const { statusCode } = await app.inject({
      url,
      headers: { 'x-api-key': 'a-key-0123456789' },
      remoteAddress: `10.0.0.${url.length}`,
    });
    assert.equal(statusCode, 429, url);
  }
});

const PREFIX = { 'x-forwarded-prefix': '/whence' };

/** Where the references of a page at `page` lead, seen from the outside. */
function references(body: string, page: string): string[] {
  return [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => new URL(url, `http://x${page}`).pathname);
}

for (const [who, trustProxy] of [
  ['a trusted proxy', true],
  ['a proxy that nobody trusts', false],
] as [string, TrustProxy][]) {
  test(`Swagger UI below a prefix of ${who}: files, server and redirects stay below it`, async (t) => {
    const { app } = await startApp(t, { trustProxy });
    let outside = '/whence/docs'; // what a browser has in its address bar
    let response = await app.inject({ url: '/docs', headers: PREFIX });
    while (response.statusCode === 302) {
      outside = new URL(String(response.headers.location), `http://x${outside}`).pathname;
      assert.ok(outside.startsWith('/whence/'), outside);
      response = await app.inject({ url: outside.slice('/whence'.length), headers: PREFIX });
    }
    assert.equal(response.statusCode, 200);
    const found = references(response.body, outside);
    assert.ok(found.length > 3);
    for (const path of found) {
      assert.ok(path.startsWith('/whence/docs/'), path);
      assert.equal((await app.inject({ url: path.slice('/whence'.length), headers: PREFIX })).statusCode, 200, path);
    }
    for (const path of ['/docs/json', '/openapi.json']) {
      const [server] = (await app.inject({ url: path, headers: PREFIX })).json().servers;
      assert.match(new URL(server.url, `http://x/whence${path}`).pathname, /^\/whence\/?$/, path);
    }
    assert.equal((await app.inject('/openapi.json')).json().servers[0].url, '/');
  });
}

test('links of jobs are below the prefix of a trusted proxy, and of no other', async (t) => {
  for (const [trustProxy, start] of [
    [true, '/whence'],
    [false, ''],
  ] as const) {
    const { app, jobs } = await startApp(t, { trustProxy });
    const accepted = await attribute(app, BODY, PREFIX);
    assert.ok(String(accepted.headers.location).startsWith(`${start}/jobs/`));
    const { id, links } = accepted.json();
    const others = [
      links,
      (await app.inject({ url: `/jobs/${id}`, headers: PREFIX })).json().links,
      (await app.inject({ url: '/jobs', headers: PREFIX })).json().jobs[0].links,
      (await app.inject({ method: 'POST', url: `/jobs/${id}/cancel`, headers: PREFIX })).json().links,
    ];
    const events = (await app.inject({ url: `/jobs/${id}/events`, headers: PREFIX })).body;
    others.push(JSON.parse(/event: done\ndata: (.*)/.exec(events)?.[1] ?? '').links);
    const waiting = attribute(app, BODY, { ...PREFIX, prefer: 'wait=5' });
    while (jobs.entries.size < 2) await new Promise((done) => setTimeout(done, 5));
    jobs.finish('job-2');
    others.push((await waiting).json().links);
    for (const found of others) {
      for (const link of Object.values(found))
        assert.ok(
          [`${start}/jobs/`, `${start}/s/`].some((path) => String(link).startsWith(path)),
          String(link),
        );
    }
    assert.equal(jobs.entry(id).job.links.self, `/jobs/${id}`);
  }
});

test('a prefix is a plain path, of trusted entries only', () => {
  for (const [header, trusted, prefix] of [
    ['/whence', 1, '/whence'],
    ['/whence/', 1, '/whence'],
    ['/a/b-c_d.e~f', 1, '/a/b-c_d.e~f'],
    ['/client, /proxy', 1, '/proxy'],
    ['/outer, /inner', 2, '/outer/inner'],
    [['/outer', '/inner'], 2, '/outer/inner'],
    ['/whence', 0, ''],
    [undefined, 1, ''],
    ['/', 1, ''],
    ['whence', 1, ''],
    ['//evil.example', 1, ''],
    ['/\\evil.example', 1, ''],
    ['https://evil.example', 1, ''],
    ['/a/../b', 1, ''],
    ['/a"><script>', 1, ''],
    ['/a?b', 1, ''],
    [`/${'a'.repeat(300)}`, 1, ''],
  ] as const) {
    const given = typeof header === 'object' ? [...header] : header;
    assert.equal(forwardedPrefix(given, trusted), prefix, String(header));
  }
});

test('addresses of IPv4 clients that arrive over IPv6 are recognized', () => {
  const trust = trustOf(['10.0.0.0/8', '2001:db8::/32']);
  for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '2001:db8::1']) assert.ok(trust(address, 0), address);
  for (const address of ['11.1.2.3', '::ffff:11.1.2.3', '2001:db9::1', '']) assert.ok(!trust(address, 0), address);
});
