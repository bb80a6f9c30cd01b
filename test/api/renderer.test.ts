/** Threads that render results: few, used again, with limits, and free when a client leaves. */
import assert from 'node:assert/strict';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ApiProblem } from '../../src/api/problems.ts';
import { Renderer, type RendererLimits } from '../../src/api/results/renderer.ts';
import type { Result } from '../../src/contract/result.ts';
import { toCsv } from '../../src/results/csv.ts';
import { resultOf } from '../support/api.ts';

const CSV = { format: 'csv', width: null } as const;

/** A result of about so many rows of CSV. */
function wide(rows: number): Result {
  const result = resultOf('job-1');
  const [sequence] = result.sequences;
  const values = Array.from({ length: rows }, (_, i) => i / 7);
  result.sequences = [{ ...sequence, axes: ['layer'], target_attributions: [[values], [[0.5]], [[null]]] }];
  return result;
}

const pack = (result: Result) => [gzipSync(JSON.stringify(result))];

function rendererOf(t: TestContext, limits: Partial<RendererLimits> = {}): Renderer {
  const renderer = new Renderer({ inlineBytes: 0, threads: 1, ...limits });
  t.after(() => renderer.close());
  return renderer;
}

const stream = async (renderer: Renderer, result: Result): Promise<Readable> => {
  const rendered = await renderer.render(pack(result), CSV);
  assert.ok(typeof rendered !== 'string');
  return rendered;
};

test('a thread makes what is made without one, and is used again', async (t) => {
  const renderer = rendererOf(t);
  const result = wide(50_000);
  const expected = toCsv(result);
  for (let round = 0; round < 2; round++) {
    assert.equal((await buffer(await stream(renderer, result))).toString(), expected);
  }
  const small = await rendererOf(t, { inlineBytes: 1e9 }).render(pack(result), CSV);
  assert.equal(small, expected);
});

test('renderings wait for a thread, so many and no more', async (t) => {
  const renderer = rendererOf(t, { waiting: 1 });
  const large = wide(400_000); // more than is made ahead: its client keeps the thread
  const held = await stream(renderer, large);
  const second = stream(renderer, wide(10));
  await assert.rejects(stream(renderer, wide(10)), (error) => error instanceof ApiProblem && error.status === 503);
  held.destroy(); // the client leaves
  assert.equal((await buffer(await second)).toString(), toCsv(wide(10)));
});

test('a client that takes nothing loses its thread', async (t) => {
  const renderer = rendererOf(t, { idleSeconds: 0.2 });
  const held = await stream(renderer, wide(400_000));
  const failed = new Promise((resolve) => held.on('error', resolve));
  assert.equal((await buffer(await stream(renderer, wide(10)))).toString(), toCsv(wide(10)));
  assert.ok((await failed) instanceof Error);
});

test('a result beyond the limits is a 413 that names limit and remedy, and the thread goes on', async (t) => {
  const slow = rendererOf(t, { workSeconds: 0.001 });
  const rejected = await stream(slow, wide(500_000)).catch((error: unknown) => error);
  assert.ok(rejected instanceof ApiProblem, String(rejected));
  assert.equal(rejected.status, 413);
  assert.match(rejected.message, /within 0\.001 s/);

  const renderer = rendererOf(t);
  const long = resultOf('job-1');
  const token = { id: 1, token: 'a', start: 0, end: 1 };
  const target = Array.from({ length: 1_100 }, () => token);
  long.sequences = [
    { ...long.sequences[0], target, attr_pos_start: 100, attr_pos_end: 1_100, target_attributions: null },
  ];
  const refused = await renderer.render(pack(long), { format: 'html', width: null }).catch((error: unknown) => error);
  assert.ok(refused instanceof ApiProblem, String(refused));
  assert.equal(refused.status, 413);
  assert.match(refused.message, /1100000 pairs of tokens, and html shows at most 1000000: take `format=csv`/);
  assert.ok(await stream(renderer, long));
});

test('what is no result is an error, and the next rendering works', async (t) => {
  const renderer = rendererOf(t);
  await assert.rejects(renderer.render([gzipSync('{"sequences":')], CSV), /JSON/);
  assert.ok(await stream(renderer, wide(10)));
});
