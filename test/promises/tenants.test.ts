/** A key is a tenant: what is made with it is unknown to all other keys, on every route that there is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startStack, until } from './stack.ts';

const KEYS = { ann: 'ann-0123456789abcdef', bo: 'bo-0123456789abcdef' };
const BODY = { model: 'facts-gpt2', input_texts: 'The capital of France is', generation_args: { max_new_tokens: 1 } };
/** The routes that take an id of something that is everybody's. */
const SHARED = [
  'getModel',
  'getMeasuredMethods',
  'getMethod',
  'getStepFunction',
  'getAggregator',
  'getFaithfulnessMetric',
];

interface Operation {
  operationId: string;
}

test('no key sees, lists, cancels or deletes what another has made, nor shares idempotency keys', async (t) => {
  const stack = await startStack({ settings: { WHENCE_API_KEYS: Object.values(KEYS).join(',') } });
  t.after(() => stack.stop());
  const { url } = stack.client;
  const ask = (who: keyof typeof KEYS, method: string, path: string, more: { body?: string; type?: string } = {}) => {
    const { body, type = 'application/json' } = more;
    const content: Record<string, string> =
      body === undefined ? {} : { 'content-type': type, 'idempotency-key': 'order 7' };
    return fetch(url + path, { method, body, headers: { authorization: `Bearer ${KEYS[who]}`, ...content } });
  };
  const submit = async (who: keyof typeof KEYS, body: object = BODY) =>
    (await ask(who, 'POST', '/attribute', { body: JSON.stringify(body) })).json();
  const upload = async (who: keyof typeof KEYS) => {
    const body = JSON.stringify({ custom_id: '1', body: { ...BODY, seed: 7 } }); // else the line is given the job's result
    return (await ask(who, 'POST', '/batches', { body, type: 'application/x-ndjson' })).json();
  };
  const listed = async (who: keyof typeof KEYS) => {
    const { jobs } = await (await ask(who, 'GET', '/jobs?limit=100')).json();
    const { batches } = await (await ask(who, 'GET', '/batches?limit=100')).json();
    return [...jobs, ...batches].map(({ id }: { id: string }) => id);
  };

  const job = await submit('ann');
  const batch = await upload('ann');
  const ended = async (path: string) => (await (await ask('ann', 'GET', path)).json()).finished_at !== null;
  for (const path of [`/jobs/${job.id}`, `/batches/${batch.id}`]) await until(path, 60_000, () => ended(path));
  assert.deepEqual(await listed('ann'), [job.id, batch.id]);
  assert.deepEqual(await listed('bo'), []);

  const { paths } = await (await fetch(`${url}/openapi.json`)).json();
  const operations = Object.entries(paths as Record<string, Record<string, Operation>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => ({ path, method: method.toUpperCase(), operationId })),
  );
  const taking = operations.filter(({ path, operationId }) => path.includes('{id}') && !SHARED.includes(operationId));
  assert.ok(taking.length >= 10, `${taking.length} routes`);
  const filled = (path: string) => {
    const id = path.startsWith('/jobs/') ? job.id : path.startsWith('/batches/') ? batch.id : null;
    return path.replace('{id}', id ?? assert.fail(`${path} takes an id that this test does not know`));
  };
  for (const { path, method } of taking) {
    for (const accept of ['application/json', 'text/html']) {
      const headers = { authorization: `Bearer ${KEYS.bo}`, accept };
      const response = await fetch(url + filled(path), { method, headers });
      assert.equal(response.status, 404, `${method} ${path}`);
      assert.ok(!(await response.text()).includes('facts-gpt2'), `${method} ${path}`);
    }
  }
  assert.deepEqual(await listed('ann'), [job.id, batch.id], 'all is there still');

  // The same idempotency key is another one.
  const theirs = await submit('bo');
  assert.notEqual(theirs.id, job.id);
  assert.equal((await submit('bo')).id, theirs.id);
  const others = { ...BODY, input_texts: 'The capital of Spain is' };
  assert.equal((await submit('ann', others)).type, 'urn:whence:problem:idempotency-conflict');
  const theirBatch = await upload('bo');
  assert.notEqual(theirBatch.id, batch.id);
  assert.equal((await upload('bo')).id, theirBatch.id);
  assert.deepEqual(await listed('bo'), [theirs.id, theirBatch.id]);

  // What was used is told to its key alone.
  const { rows } = await (await ask('ann', 'GET', '/usage')).json();
  assert.equal(rows.length, 1);
  assert.ok(rows[0].jobs === 2 && rows[0].tokens >= 12 && rows[0].compute_seconds > 0, JSON.stringify(rows));
  const wrong = await (await ask('bo', 'GET', '/usage?from=2026-02-30')).json();
  assert.match(wrong.detail, /^#\/query\/from: 2026-02-30 is no day of the calendar/);

  // A link lets its reader see this job alone, with the rights of the key that made it.
  const shared = await (await fetch(url + job.links.share)).json();
  assert.equal(shared.id, job.id);

  // Its own key may do all of it; what takes it away comes last. A replay makes another job.
  const rank = ({ method, path }: { method: string; path: string }) =>
    method === 'DELETE' ? 2 : path.endsWith('/cancel') ? 1 : 0;
  for (const { path, method } of taking.sort((a, b) => rank(a) - rank(b))) {
    const response = await ask('ann', method, filled(path));
    assert.ok(response.status < 300, `${method} ${path}: ${response.status}`);
    const made = (await response.text()).includes(`"of":"${job.id}"`) ? response.headers.get('location') : null;
    if (made !== null) assert.equal((await ask('ann', 'DELETE', made)).status, 204);
  }
  assert.deepEqual(await listed('ann'), []);
});
