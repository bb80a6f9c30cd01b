/** The committed OpenAPI document is the one that the routes make, and it is complete. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { openApiDocument } from '../../src/api/openapi/document.ts';
import { VERSION } from '../../src/version.ts';
import { attribute, startApp } from '../support/api.ts';

interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  responses: Record<string, { description?: string; content?: Record<string, { examples?: object }> }>;
}

const text = await openApiDocument();
const document = JSON.parse(text);
const operations: [string, Operation][] = Object.entries<Record<string, Operation>>(document.paths).flatMap(
  ([path, item]) =>
    Object.entries(item).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
);

test('openapi/openapi.json is up to date (else: npm run openapi)', async () => {
  assert.equal(await readFile(new URL('../../openapi/openapi.json', import.meta.url), 'utf8'), text);
});

test('every route of the contract is there', () => {
  assert.equal(document.openapi, '3.1.0');
  assert.equal(document.info.version, VERSION);
  assert.deepEqual(operations.map(([name]) => name).sort(), [
    'delete /batches/{id}',
    'delete /jobs/{id}',
    'delete /session',
    'get /aggregators',
    'get /aggregators/{id}',
    'get /batches',
    'get /batches/{id}',
    'get /batches/{id}/events',
    'get /batches/{id}/results',
    'get /faithfulness-metrics',
    'get /faithfulness-metrics/{id}',
    'get /health/live',
    'get /health/ready',
    'get /jobs',
    'get /jobs/{id}',
    'get /jobs/{id}/events',
    'get /jobs/{id}/heatmap',
    'get /jobs/{id}/result',
    'get /methods',
    'get /methods/{id}',
    'get /metrics',
    'get /models',
    'get /models/{id}',
    'get /models/{id}/methods',
    'get /s/{token}',
    'get /s/{token}/events',
    'get /s/{token}/heatmap',
    'get /s/{token}/result',
    'get /session',
    'get /step-functions',
    'get /step-functions/{id}',
    'get /usage',
    'post /attribute',
    'post /attribute-context',
    'post /batches',
    'post /batches/{id}/cancel',
    'post /evaluate',
    'post /jobs/{id}/cancel',
    'post /jobs/{id}/replay',
    'post /session',
  ]);
});

test('every operation is named, tagged and describes its answers', () => {
  const tags = document.tags.map(({ name }: { name: string }) => name);
  const ids = new Set<string | undefined>();
  for (const [name, { operationId, summary, tags: own, responses }] of operations) {
    assert.ok(operationId && summary, name);
    assert.ok(!ids.has(operationId), operationId);
    ids.add(operationId);
    assert.ok(own?.length === 1 && tags.includes(own[0]), name);
    for (const [status, { description, content }] of Object.entries(responses)) {
      assert.ok(description, `${name} ${status}`);
      if (Number(status) < 400 || (name.includes('/health/') && status === '503')) continue;
      assert.ok(content?.['application/problem+json']?.examples, `${name} ${status} has no example`);
    }
  }
});

test('every reference leads somewhere', () => {
  for (const [, name] of text.matchAll(/"\$ref": "([^"]+)"/g)) {
    const [, schema] = /^#\/components\/schemas\/(\w+)$/.exec(name) ?? [];
    assert.ok(schema in document.components.schemas, name);
  }
});

test('the examples of POST /attribute are accepted as they stand', async (t) => {
  const { app, jobs } = await startApp(t);
  const { catalogue } = jobs;
  jobs.catalogue = async () => {
    const known = await catalogue.call(jobs);
    if (known === null) throw new Error('no catalogue');
    const more = ['saliency', 'layer_gradient_x_activation'];
    const args_schema = {
      type: 'object',
      properties: { target_layer: { type: 'string' } },
      additionalProperties: false,
    };
    return {
      ...known,
      methods: [...known.methods, ...more.map((id) => ({ ...known.methods[0], id, args_schema }))],
      models: known.models.map((model) => ({ ...model, methods: [...model.methods, ...more] })),
    };
  };
  const { examples } = document.paths['/attribute'].post.requestBody.content['application/json'];
  assert.ok(Object.keys(examples).length >= 3);
  for (const [name, { value }] of Object.entries<{ value: unknown }>(examples)) {
    const response = await attribute(app, value);
    assert.equal(response.statusCode, 202, `${name}: ${response.body}`);
  }
  const [example] = document.components.schemas.AttributeRequest.examples;
  assert.equal((await attribute(app, example)).statusCode, 202);
});

test('the document that is served names what the workers have, and has locks only where there are keys', async (t) => {
  const { app } = await startApp(t);
  for (const url of ['/openapi.json', '/docs/json']) {
    const { components, security, paths } = (await app.inject(url)).json();
    const { model, method, method_args, attributed_fn } = components.schemas.AttributeRequest.properties;
    assert.deepEqual(model.enum, ['facts-gpt2', 'numbers-m2m100']);
    assert.ok(method.enum.includes('integrated_gradients') && method.enum.includes(method.default));
    assert.match(method_args.description, /- `integrated_gradients`: `n_steps` \(50\), `method` \("gausslegendre"\)/);
    assert.match(attributed_fn.description, /- `entropy`: no arguments/);
    assert.deepEqual(security, []);
    assert.equal(components.securitySchemes, undefined);
    assert.equal(paths['/jobs'].get.security, undefined);
  }
  const { app: keyed } = await startApp(t, { apiKeys: ['a-key-0123456789'] });
  const { security, paths } = (await keyed.inject('/openapi.json')).json();
  assert.equal(security.length, 3);
  for (const path of ['/health/ready', '/session', '/s/{token}/result']) assert.deepEqual(paths[path].get.security, []);
  assert.equal(document.components.schemas.AttributeRequest.properties.method.enum, undefined, 'committed: no names');
});

test('the documentation page has no bar and no sign of others', async (t) => {
  const { app } = await startApp(t);
  assert.match((await app.inject('/docs/static/swagger-initializer.js')).body, /"layout":"BaseLayout"/);
  assert.match((await app.inject('/docs')).body, /<title>Whence · API<\/title>[\s\S]*favicon\.svg/);
});
