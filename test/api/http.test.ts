/** HTTP itself: broken bodies, unknown paths, keys, limits, headers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../src/contract/limits.ts';
import { attribute, problemOf, startApp } from '../support/api.ts';

const BODY = { model: 'facts-gpt2', input_texts: 'The capital of France is' };

for (const [what, payload, contentType, status, detail] of [
  ['broken JSON', '{"model":', 'application/json', 400, /not valid JSON: Unexpected end/],
  ['no body', '', 'application/json', 422, /#: must be an object/],
  [
    'a key twice',
    '{"model":"a",\n"model":"b"}',
    'application/json',
    400,
    /"model" occurs twice in one object \(line 2\)/,
  ],
  ['a key twice, escaped', '{"a":[{"b":1}],"\\u0061":2}', 'application/json', 400, /"a" occurs twice/],
  ['prototype poisoning', '{"__proto__":{}}', 'application/json', 400, /not valid JSON/],
  ['plain text', 'hello', 'text/plain', 415, /must be JSON/],
  ['a form', 'model=x', 'application/x-www-form-urlencoded', 415, /must be JSON/],
  [
    'a body of 10 MB',
    JSON.stringify({ ...BODY, input_texts: 'x'.repeat(10_000_000) }),
    'application/json',
    413,
    /larger than 4194304 bytes/,
  ],
] as const) {
  test(`${status}: ${what}`, async (t) => {
    const { app, jobs } = await startApp(t);
    const response = await app.inject({
      method: 'POST',
      url: '/attribute',
      payload,
      headers: { 'content-type': contentType },
    });
    assert.equal(response.statusCode, status, response.body);
    assert.match(problemOf(response).detail, detail);
    assert.equal(jobs.entries.size, 0);
  });
}

test('equal keys in different objects, and equal values, are fine', async (t) => {
  const { app } = await startApp(t);
  const payload =
    '{"model":"facts-gpt2","input_texts":["model","model:","{\\"model\\":1"],"attributed_fn":{"name":"probability","args":{}},"step_scores":[{"name":"entropy"},{"name":"probability"}]}';
  const response = await app.inject({
    method: 'POST',
    url: '/attribute',
    payload,
    headers: { 'content-type': 'application/json' },
  });
  assert.equal(response.statusCode, 202, response.body);
});

test('404 for unknown paths, with the nearest', async (t) => {
  const { app } = await startApp(t);
  const response = await app.inject('/atribute');
  assert.equal(response.statusCode, 404);
  assert.match(problemOf(response).detail, /nothing at \/atribute\. Did you mean \/attribute\?/);
});

test('405 with Allow for a known path', async (t) => {
  const { app } = await startApp(t);
  for (const [method, url, allow] of [
    ['GET', '/attribute', 'POST'],
    ['PUT', '/jobs/x', 'GET, HEAD, DELETE'],
    ['GET', '/jobs/x/cancel', 'POST'],
  ] as const) {
    const response = await app.inject({ method, url });
    assert.equal(response.statusCode, 405, url);
    assert.equal(response.headers.allow, allow);
    problemOf(response);
  }
});

test('a path that cannot be decoded is a problem, not a crash', async (t) => {
  const { app } = await startApp(t);
  const response = await app.inject('/jobs/%E0%A4%A');
  assert.equal(response.statusCode, 400);
  problemOf(response);
});

test('an error of our own says nothing of its inside', async (t) => {
  const { app, jobs } = await startApp(t);
  jobs.get = async () => {
    throw new Error('secret inside');
  };
  const response = await app.inject('/jobs/x');
  assert.equal(response.statusCode, 500);
  assert.ok(!response.body.includes('secret inside'));
  assert.match(String(problemOf(response).instance), /^urn:whence:request:[0-9a-f-]{36}$/);
});

test('API keys: needed where there are some, but not for health and documentation', async (t) => {
  const { app } = await startApp(t, { apiKeys: ['first-key', 'second-key'] });
  for (const headers of [
    {},
    { authorization: 'Bearer wrong' },
    { 'x-api-key': 'first-ke' },
    { authorization: 'Basic first-key' },
    { 'x-api-key': '' },
  ]) {
    for (const url of ['/jobs', '/models', '/metrics', '/jobs/x/events', '/nope', '/docsx']) {
      const response = await app.inject({ url, headers });
      assert.equal(response.statusCode, 401, `${url} ${JSON.stringify(headers)}`);
      assert.match(String(response.headers['www-authenticate']), /^Bearer/);
      problemOf(response);
    }
  }
  assert.equal((await attribute(app, BODY)).statusCode, 401);
  for (const headers of [
    { authorization: 'Bearer first-key' },
    { authorization: 'bearer second-key' },
    { 'x-api-key': 'second-key' },
  ]) {
    assert.equal((await app.inject({ url: '/jobs', headers })).statusCode, 200);
  }
  for (const url of ['/health/live', '/health/ready', '/docs', '/openapi.json']) {
    assert.equal((await app.inject(url)).statusCode, 200, url);
  }
});

test('the limit of requests a minute: 429 with Retry-After; health checks go on', async (t) => {
  const { app } = await startApp(t, { rateLimitPerMinute: 3 });
  for (let count = 0; count < 3; count++) assert.equal((await app.inject('/jobs')).statusCode, 200);
  const response = await app.inject('/jobs');
  assert.equal(response.statusCode, 429);
  assert.ok(Number(response.headers['retry-after']) > 0);
  assert.match(problemOf(response).detail, /at most 3 requests a minute/i);
  assert.equal((await app.inject('/health/live')).statusCode, 200);
});

test('security headers', async (t) => {
  const { app } = await startApp(t);
  const { headers } = await app.inject('/jobs');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.match(String(headers['content-security-policy']), /default-src 'none'/);
  assert.equal(headers['x-powered-by'], undefined);
});

test('every answer has security headers and its id, refusals and preflights too, and no cache keeps it', async (t) => {
  const { app, jobs } = await startApp(t, { apiKeys: ['a-key'], rateLimitPerMinute: 6 });
  const key = { 'x-api-key': 'a-key' };
  const { id } = (await attribute(app, BODY, key)).json();
  jobs.finish(id);
  const requests = [
    [401, 'GET', '/jobs', {}],
    [401, 'OPTIONS', '/attribute', { origin: 'https://x.example', 'access-control-request-method': 'POST' }],
    [404, 'GET', '/nothing', key],
    [200, 'GET', `/jobs/${id}/result`, key],
    [200, 'GET', `/jobs/${id}/heatmap`, key],
    [429, 'GET', `/jobs/${id}`, key],
  ] as const;
  for (const [status, method, url, headers] of requests) {
    const response = await app.inject({ method, url, headers });
    assert.equal(response.statusCode, status, url);
    assert.equal(response.headers['x-content-type-options'], 'nosniff', url);
    assert.match(String(response.headers['content-security-policy']), /default-src 'none'/, url);
    assert.ok(response.headers['x-frame-options'] && response.headers['referrer-policy'], url);
    assert.match(String(response.headers['x-request-id']), /^[0-9a-f-]{36}$/, url);
    assert.equal(response.headers['cache-control'], 'no-store', url);
    assert.equal(response.headers['access-control-allow-origin'], undefined, url);
  }
});

test('the documentation loads nothing from elsewhere', async (t) => {
  const { app } = await startApp(t);
  const page = await app.inject('/docs');
  assert.equal(page.statusCode, 200);
  const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url);
  assert.ok(assets.length > 3);
  for (const url of assets) {
    assert.match(url, /^\/docs\//);
    assert.equal((await app.inject(url)).statusCode, 200, url);
  }
});

test('limits are named where they are documented', async (t) => {
  const { app } = await startApp(t);
  const document = (await app.inject('/openapi.json')).json();
  const { properties } = document.components.schemas.AttributeRequest;
  assert.equal(properties.generation_args.properties.max_new_tokens.maximum, LIMITS.newTokens);
  assert.equal(properties.input_texts.anyOf[1].maxItems, LIMITS.texts);
});
