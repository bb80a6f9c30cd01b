/**
 * Bodies that people and programs get wrong in ways that nobody thought of: valid requests, changed at random by a fixed
 * seed. Every answer is an accepted job, whose request a worker can complete, or a problem that says where and what.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Value } from 'typebox/value';
import { ATTRIBUTE_EXAMPLES } from '../../src/api/openapi/examples.ts';
import { loadRegistries } from '../../src/attribution/registries.ts';
import { buildCatalogue } from '../../src/engine/catalogue.ts';
import { Random } from '../../src/random.ts';
import { CATALOGUE, startApp } from '../support/api.ts';
import { attributeRequest } from '../support/memory-jobs.ts';

const ROUNDS = 6_000;

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const SEEDS: Json[] = [
  ...Object.values(ATTRIBUTE_EXAMPLES).map(({ value }) => value as Json),
  {
    model: 'numbers-m2m100',
    input_texts: ['two', 'three'],
    src_lang: 'en',
    tgt_lang: 'de',
    attribute_target: true,
    generation_args: { max_new_tokens: 5, num_beams: 2, do_sample: false, temperature: 0.7 },
    aggregators: ['scores', { name: 'subwords', args: {} }],
    webhook: { url: 'https://example.org/hook', secret: 'a secret' },
    seed: 7,
  },
  {
    model: 'facts-gpt2',
    messages: [[{ role: 'user', content: 'Hello' }]],
    method: 'lime',
    method_args: { n_samples: 10 },
    step_scores: ['probability', { name: 'top_p_size', args: { top_p: 0.5 } }],
    attr_pos_start: -2,
    attr_pos_end: -1,
  },
];

const STRANGE: Json[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 53,
  -1e308,
  '',
  'x',
  '42',
  'null',
  '\ud800',
  '\u0000',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  'x'.repeat(40_000),
  [],
  {},
  [[]],
  [null],
  [{}],
  { name: 'probability' },
  { name: '__proto__', args: {} },
  Array(70).fill('x'),
  nested(40),
];
const KEYS = ['', 'x', 'a/b', '~0', 'constructor', 'toString', '__proto__', 'input_text', 'args', 'name', '0'];

function nested(depth: number): Json {
  return depth === 0 ? 1 : [nested(depth - 1)];
}

/** Every place of a value, as keys from the root. */
function places(value: Json, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.keys(value).flatMap((key) => places((value as Record<string, Json>)[key], [...path, key]))];
}

function mutate(body: Json, random: Random): Json {
  const pick = <T>(list: readonly T[]): T => list[random.integer(list.length)];
  const copy = structuredClone(body);
  const path = pick(places(copy));
  if (path.length === 0) {
    if (random.integer(20) === 0) return pick(STRANGE);
    return grown(copy, pick(KEYS), pick(STRANGE));
  }
  const key = path[path.length - 1];
  let parent = copy as Record<string, Json>;
  for (const step of path.slice(0, -1)) parent = parent[step] as Record<string, Json>;
  const at = parent[key];
  const other = pick(places(copy).filter(({ length }) => length > 0));
  /** What comes in its place; undefined: nothing. */
  const changes: (() => Json | undefined)[] = [
    () => undefined,
    () => pick(STRANGE),
    () => grown(at, pick(KEYS), pick(STRANGE)),
    () => [at, at],
    () => ({ [pick(KEYS)]: at }),
    () => (typeof at === 'number' ? -at * 1000 : JSON.stringify(at)),
    () => structuredClone(other.reduce((value, step) => (value as Record<string, Json>)[step], copy)),
  ];
  const changed = pick(changes)();
  if (changed !== undefined) parent[key] = changed;
  else if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
  return copy;
}

function grown(value: Json, key: string, child: Json): Json {
  if (Array.isArray(value)) return [...value, child];
  // As JSON.parse does it: `__proto__` is a key like any other.
  if (typeof value === 'object' && value !== null) return Object.fromEntries([...Object.entries(value), [key, child]]);
  return { [key]: value };
}

/** Whether a pointer leads to a part of the body, or to what is missing in an object or in a call by name alone. */
function leads(pointer: string, body: Json): boolean {
  if (!/^#(\/([^~/]|~[01])*)*$/u.test(pointer)) return false;
  const steps = pointer.split('/').slice(1);
  let value = body;
  for (const step of steps.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))) {
    if (typeof value === 'string') return true;
    if (typeof value !== 'object' || value === null) return false;
    if (!Object.hasOwn(value, step)) return !Array.isArray(value);
    value = (value as Record<string, Json>)[step];
  }
  return true;
}

test('no body breaks the API, and what it accepts a worker can compute', async (t) => {
  const { app, jobs } = await startApp(t);
  const registries = await loadRegistries();
  const surroundings = { backend: CATALOGUE.backend, versions: {}, plugins: '', aligner: null };
  const real = await buildCatalogue([], registries, surroundings, { bytes: 0, activations: () => 0 });
  const models = CATALOGUE.models.map((model) => ({
    ...model,
    methods: real.methods.filter(({ applies_to }) => applies_to.includes(model.architecture)).map(({ id }) => id),
    step_functions: real.step_functions.map(({ id }) => id),
  }));
  jobs.catalogue = async () => ({ ...real, models });
  const random = new Random(20);
  const seen = new Map<number, number>();
  for (let round = 0; round < ROUNDS; round++) {
    let body = SEEDS[random.integer(SEEDS.length)];
    for (let times = 1 + random.integer(3); times > 0; times--) body = mutate(body, random);
    const payload = JSON.stringify(body);
    const response = await app.inject({
      method: 'POST',
      url: '/attribute',
      headers: { 'content-type': 'application/json' },
      payload,
    });
    const shown = `round ${round}: ${payload.slice(0, 400)}\n${response.body.slice(0, 400)}`;
    const { statusCode } = response;
    seen.set(statusCode, (seen.get(statusCode) ?? 0) + 1);
    if (statusCode === 202) {
      const request = attributeRequest(jobs, response.json().id);
      const method = registries.methods.get(request.method);
      assert.ok(method, shown);
      assert.ok(Value.Check(method.argsSchema, request.method_args), shown);
      for (const { name, args } of [request.attributed_fn, ...request.step_scores]) {
        const fn = registries.stepFunctions.get(name);
        assert.ok(fn && Value.Check(fn.argsSchema, args), shown);
      }
      assert.equal(request.messages === null, request.input_texts.length > 0, shown);
      const texts = request.messages?.length ?? request.input_texts.length;
      assert.ok(request.generated_texts === null || request.generated_texts.length === texts, shown);
      continue;
    }
    assert.ok(statusCode >= 400 && statusCode < 500, shown);
    const problem = response.json();
    assert.equal(problem.status, statusCode, shown);
    assert.match(String(response.headers['content-type']), /^application\/problem\+json/);
    for (const { pointer, detail } of problem.errors ?? []) {
      assert.ok(detail.length > 10 && detail.length < 2_000, shown);
      assert.ok(leads(pointer, body), `${pointer} leads nowhere\n${shown}`);
    }
    if (statusCode === 422) assert.ok(problem.errors.length > 0, shown);
  }
  const count = (status: number) => seen.get(status) ?? 0;
  assert.ok(count(202) > ROUNDS / 20 && count(422) > ROUNDS / 2, JSON.stringify([...seen]));
});
