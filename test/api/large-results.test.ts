/** The largest results hold up nobody: while one is sent in any form, the event loop turns at least every 50 ms. */
import assert from 'node:assert/strict';
import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Result, ResultToken } from '../../src/contract/result.ts';
import { attribute, resultOf, startApp } from '../support/api.ts';
import { loopDelay } from '../support/event-loop.ts';

const BODY = { model: 'facts-gpt2', input_texts: 'The capital of France is' };
const MOST_MS = 50;

/** Raw scores of many layers: about 8 MB of JSON. */
function largeResult(jobId: string): Result {
  const result = resultOf(jobId);
  const tokens = 260;
  const steps = 100;
  const layers = 30;
  let state = 1;
  const score = () => {
    state = (state * 48_271) % 2_147_483_647;
    return Math.fround(state / 2_147_483_647);
  };
  const target: ResultToken[] = Array.from({ length: tokens }, (_, i) => ({
    id: i,
    token: `Ġt${i}`,
    start: i,
    end: i + 1,
  }));
  const [sequence] = result.sequences;
  result.sequences = [
    {
      ...sequence,
      target,
      attr_pos_start: tokens - steps,
      attr_pos_end: tokens,
      target_attributions: Array.from({ length: tokens }, (_r, i) =>
        Array.from({ length: steps }, (_c, t) =>
          i < tokens - steps + t ? Array.from({ length: layers }, score) : Array.from({ length: layers }, () => null),
        ),
      ),
      step_scores: { probability: Array.from({ length: steps }, score) },
      axes: ['layer'],
      layers: Array.from({ length: layers }, (_, layer) => `h.${layer}`),
    },
  ];
  return result;
}

interface Answer {
  status: number;
  bytes: number;
  headers: Record<string, unknown>;
}

/** Reads an answer and lets it go. */
function read(port: number, path: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get({ port, path, headers }, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, bytes, headers: response.headers }));
    }).on('error', reject);
  });
}

test('no form of a large result holds the event loop', { timeout: 300_000 }, async (t) => {
  const { app, jobs } = await startApp(t);
  const { id } = (await attribute(app, BODY)).json();
  jobs.finish(id);
  const json = Buffer.from(JSON.stringify(largeResult(id)));
  const packed = gzipSync(json, { level: 1 });
  const piece = 64 * 1024; // as Redis is read
  const pieces = Array.from({ length: Math.ceil(packed.length / piece) }, (_, i) =>
    packed.subarray(i * piece, (i + 1) * piece),
  );
  jobs.packedResult = async () => pieces;
  await app.listen({ port: 0 });
  const { port } = app.server.address() as AddressInfo;
  await read(port, `/jobs/${id}/result?format=csv`, {}); // a thread has started

  for (const [path, accept, encoding, atLeast] of [
    [`/jobs/${id}/result`, '', 'identity', json.length],
    [`/jobs/${id}/result?format=inseq`, '', 'gzip', packed.length],
    [`/jobs/${id}/result`, '', 'br', 1_000_000],
    [`/jobs/${id}/result?format=csv`, '', 'identity', json.length],
    [`/jobs/${id}/result`, 'text/csv', 'gzip', 1_000_000],
    [`/jobs/${id}/result?format=text&width=120`, '', 'identity', 100_000],
    [`/jobs/${id}/heatmap`, '', 'identity', 500_000],
    [`/jobs/${id}/heatmap`, '', 'gzip', 50_000],
  ] as const) {
    const delay = await loopDelay(async () => {
      const answer = await read(port, path, { accept: accept || '*/*', 'accept-encoding': encoding });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-encoding'] ?? 'identity', encoding, path);
      assert.ok(answer.bytes >= atLeast, `${path}, ${encoding}: ${answer.bytes} bytes`);
    });
    const figures = `${delay.held.toFixed(0)} ms (clock: ${delay.clock.toFixed(0)} ms)`;
    t.diagnostic(`${path} ${accept} ${encoding}: ${figures}`);
    assert.ok(delay.held <= MOST_MS, `${path} ${accept}, ${encoding}: the loop stood still for ${figures}`);
  }
});
