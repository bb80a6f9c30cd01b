/** What a client is told while the job store is in trouble is true, and says what to do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OutcomeUnknownError, StoreUnavailableError, SubmissionUnknownError } from '../../src/jobs/jobs.ts';
import { troubleOf } from '../../src/jobs/trouble.ts';
import { attribute, problemOf, startApp } from '../support/api.ts';

const BODY = { model: 'facts-gpt2', input_texts: 'The capital of France is' };

const failing = (error: Error) => async () => {
  throw error;
};

test('refused, unknown and full are told apart, each with its remedy', async (t) => {
  const { app, jobs } = await startApp(t);
  const full = troubleOf(Object.assign(new Error('OOM command not allowed'), { name: 'ReplyError' })) ?? undefined;
  jobs.submit = failing(new StoreUnavailableError(full));
  const refused = await attribute(app, BODY);
  assert.deepEqual([refused.statusCode, refused.headers['retry-after']], [503, '2']);
  assert.equal(problemOf(refused).type, 'urn:whence:problem:store-unavailable');
  assert.match(problemOf(refused).detail, /Redis, which holds the jobs, is full\. Nothing was accepted or changed/);

  assert.ok(full);
  jobs.submit = failing(new SubmissionUnknownError(full, 'k3v9'));
  const unknown = await attribute(app, BODY);
  assert.deepEqual([unknown.statusCode, unknown.headers['retry-after']], [503, '2']);
  assert.equal(problemOf(unknown).type, 'urn:whence:problem:submission-unknown');
  assert.match(problemOf(unknown).detail, /may have accepted.*same `Idempotency-Key`.*GET \/jobs\/k3v9/);
  assert.doesNotMatch(problemOf(unknown).detail, /Nothing was accepted/);

  jobs.remove = failing(new OutcomeUnknownError());
  const removed = await app.inject({ method: 'DELETE', url: '/jobs/k3v9' });
  assert.equal(problemOf(removed).type, 'urn:whence:problem:outcome-unknown');
  assert.match(problemOf(removed).detail, /may have done what was asked\. Send the request again/);
});

test('a job that was accepted is told as accepted although it can no longer be waited for, or its result be read', async (t) => {
  for (const broken of ['wait', 'result'] as const) {
    const { app, jobs } = await startApp(t);
    const away = failing(new StoreUnavailableError());
    if (broken === 'wait') jobs.wait = away;
    else Object.assign(jobs, { result: away, packedResult: away });
    const answer = attribute(app, BODY, { prefer: 'wait=20' });
    while (jobs.entries.size === 0) await new Promise(setImmediate);
    jobs.finish('job-1');
    const { statusCode, headers } = await answer;
    assert.deepEqual([broken, statusCode, headers.location], [broken, 202, '/jobs/job-1']);
    assert.equal((await answer).json().id, 'job-1');
  }
});
