/** Webhooks that could not be delivered are refused before anything is queued. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attribute, problemOf, startApp } from '../support/api.ts';

const body = (webhook: object) => ({ model: 'facts-gpt2', input_texts: 'The capital of France is', webhook });

test('a secret that says it is base64 and is not is refused, without being repeated', async (t) => {
  const { app, jobs } = await startApp(t);
  const broken = await attribute(app, body({ url: 'https://example.org/', secret: 'whsec_no base64' }));
  assert.equal(broken.statusCode, 422);
  const { errors, detail } = problemOf(broken);
  assert.equal(errors?.[0].pointer, '#/webhook/secret');
  assert.doesNotMatch(detail, /no base64/);
  assert.equal(jobs.entries.size, 0);
  const right = await attribute(app, body({ url: 'https://example.org/', secret: 'whsec_c2VjcmV0' }));
  assert.equal(right.statusCode, 202);
});

test('addresses that are not of the public internet are refused', async (t) => {
  const { app } = await startApp(t);
  for (const host of ['[::127.0.0.1]', '[fec0::1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[::ffff:10.0.0.1]']) {
    const answer = await attribute(app, body({ url: `http://${host}/` }));
    assert.equal(answer.statusCode, 422, host);
    assert.match(problemOf(answer).detail, /WHENCE_WEBHOOK_ALLOW_PRIVATE/);
  }
});
