/** `metadata`: what a client calls its jobs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attribute, problemOf, startApp } from '../support/api.ts';

const BODY = { model: 'facts-gpt2', input_texts: 'The capital of France is' };

test('a job has the metadata of its request, and is listed by it', async (t) => {
  const { app } = await startApp(t);
  const metadata = { team: 'search', 'run no': '17 & 18' };
  const { id, metadata: kept } = (await attribute(app, { ...BODY, metadata })).json();
  const { metadata: none } = (await attribute(app, BODY)).json();
  assert.deepEqual([kept, none], [metadata, {}]);
  const listed = async (query: string) =>
    (await app.inject(`/jobs?${query}`)).json().jobs.map((job: { id: string }) => job.id);
  assert.deepEqual(await listed('metadata.team=search'), [id]);
  assert.deepEqual(await listed(`metadata.run%20no=${encodeURIComponent('17 & 18')}&metadata.team=search&limit=5`), [
    id,
  ]);
  assert.deepEqual(await listed('metadata.team=ads'), []);
});

test('a conversation as OpenAI logs it keeps its metadata', async (t) => {
  const { app } = await startApp(t);
  const messages = [{ role: 'user', content: 'Hello' }];
  const { metadata } = (await attribute(app, { model: 'facts-gpt2', messages, metadata: { user: '7' } })).json();
  assert.deepEqual(metadata, { user: '7' });
});

test('what is too much of it is refused by name and limit', async (t) => {
  const { app } = await startApp(t);
  const refusal = async (metadata: unknown) => {
    const response = await attribute(app, { ...BODY, metadata });
    assert.equal(response.statusCode, 422);
    return problemOf(response).detail;
  };
  const many = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`n${i}`, '']));
  assert.match(await refusal(many), /#\/metadata: must have at most 16 fields, got 17/);
  assert.match(await refusal({ a: 'x'.repeat(513) }), /#\/metadata\/a: must be at most 512 characters long, got 513/);
  assert.match(await refusal({ ['x'.repeat(65)]: '' }), /#\/metadata: .*64 characters/);
  assert.match(await refusal({ a: 1 }), /#\/metadata\/a: must be a string, got 1/);
  assert.match(await refusal(['a']), /#\/metadata: must be an object or null/);
  assert.equal((await app.inject('/jobs?metadata.=x')).statusCode, 400);
  assert.equal((await app.inject('/jobs?metadata=x')).statusCode, 400);
});
