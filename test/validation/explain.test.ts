/** Errors of a schema in words: each union by the branch that was meant, few, short, and in linear time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Type from 'typebox';
import { checkArguments, checkJson } from '../../src/validation/arguments.ts';
import { nearest, suggestion } from '../../src/validation/nearest.ts';
import { show, showName } from '../../src/validation/show.ts';

const Call = Type.Union([
  Type.String(),
  Type.Object({ name: Type.String(), args: Type.Optional(Type.Object({})) }, { additionalProperties: false }),
]);
const Body = Type.Object({
  calls: Type.Optional(Type.Array(Call)),
  few: Type.Optional(Type.Array(Call, { maxItems: 3 })),
});

test('an error of item 1 does not own those of items 10 to 19', () => {
  const calls: unknown[] = Array.from({ length: 20 }, () => 'fine');
  calls[1] = 0;
  calls[10] = { name: 1 };
  calls[11] = false;
  calls[19] = { nam: 'x' };
  assert.deepEqual(checkJson(Body, { calls }, '#'), [
    { pointer: '#/calls/1', detail: 'must be a string or an object, got 0' },
    { pointer: '#/calls/10/name', detail: 'must be a string, got 1' },
    { pointer: '#/calls/11', detail: 'must be a string or an object, got false' },
    { pointer: '#/calls/19/name', detail: 'is required' },
    { pointer: '#/calls/19/nam', detail: 'unknown field "nam". Did you mean "name"? Known fields: name, args.' },
  ]);
});

test('unions within unions: the branch that got furthest, or all types', () => {
  const Text = Type.String({ maxLength: 3 });
  const Texts = Type.Object({ t: Type.Union([Type.Union([Text, Type.Array(Text, { maxItems: 2 })]), Type.Null()]) });
  const said = (t: unknown) => checkJson(Texts, { t }, '#').map(({ pointer, detail }) => `${pointer}: ${detail}`);
  assert.deepEqual(said(1), ['#/t: must be a string, a list or null, got 1']);
  assert.deepEqual(said(['a', 1]), ['#/t/1: must be a string, got 1']);
  assert.deepEqual(said('abcd'), ['#/t: must be at most 3 characters long, got 4: shorten it']);
  assert.deepEqual(said(['a', 'b', 'c']), ['#/t: must hold at most 2 items, got 3']);
  assert.deepEqual(said(null), []);
});

test('at most 32 errors, in time that grows with their number only', () => {
  const time = (count: number): number => {
    const started = process.cpuUsage();
    const errors = checkJson(Body, { calls: Array(count).fill(0) }, '#');
    const { user, system } = process.cpuUsage(started);
    assert.equal(errors.length, 32);
    return (user + system) / 1e3;
  };
  time(1_000);
  // by the square it would be 1,600 times as long
  const [few, many] = [1_000, 40_000].map((count) => Math.min(time(count), time(count), time(count)));
  assert.ok(many < 40 * Math.max(few, 1) * 8, `${few} ms for 1,000 errors, ${many} ms for 40,000`);
});

test('a list over its limit is told as such, without its items', () => {
  assert.deepEqual(checkJson(Body, { few: Array(5_000).fill(0) }, '#'), [
    { pointer: '#/few', detail: 'must hold at most 3 items, got 5000' },
  ]);
});

test('an object with many unknown fields: the first 32', () => {
  const fields = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`f${i}`, 0]));
  const { errors } = checkArguments(
    Type.Object({ a: Type.Number({ default: 1 }) }, { additionalProperties: false }),
    fields,
    '#/args',
  );
  assert.equal(errors.length, 32);
  assert.deepEqual(errors[1], { pointer: '#/args/f1', detail: 'unknown field "f1". Known fields: a.' });
});

test('names and values are cut', () => {
  const long = 'k'.repeat(500_000);
  const [error] = checkJson(Type.Object({}, { additionalProperties: false }), { [long]: 1 }, '#');
  assert.ok(error.pointer.length < 250 && error.detail.length < 300);
  assert.equal(showName('x'.repeat(201)), `${'x'.repeat(200)}...`);
  assert.equal(show(long).length, 80);
  assert.equal(show(Array(1e6).fill({ a: long })).length, 80);
});

test('values are shown as JSON', () => {
  for (const value of [null, true, -1.5, 'a"b', [], {}, [1, [2]], { a: [{ 'b"': 'c' }] }]) {
    assert.equal(show(value), JSON.stringify(value));
  }
  assert.equal(show(undefined), 'undefined');
  assert.equal(show(JSON.parse('[1e999]')), '[a number that is too large]');
});

test('defaults of plain JSON Schema are filled in, and the arguments themselves stay as they are', () => {
  const schema = { type: 'object', properties: { n: { type: 'integer', default: 5 } }, additionalProperties: false };
  const given = {};
  assert.deepEqual(checkArguments(schema, given, '#'), { args: { n: 5 }, errors: [] });
  assert.deepEqual(given, {});
  assert.deepEqual(checkArguments(schema, null, '#').args, { n: 5 });
});

test('the nearest name', () => {
  const known = ['contrast_prob', 'probability', 'contrast_prob_diff', 'entropy', 'input_x_gradient', 'logit'];
  for (const [name, expected] of [
    ['prob', 'probability'], // what begins with it comes before what is spelled alike
    ['Probability', 'probability'],
    ['contrast-prob', 'contrast_prob'],
    ['contrast', 'contrast_prob'],
    ['InputXGradient', 'input_x_gradient'],
    ['entorpy', 'entropy'],
    ['logits', 'logit'],
    ['zzz', undefined],
    ['', undefined],
    ['e'.repeat(101), undefined],
  ] as const) {
    assert.equal(nearest(name, known), expected, name);
  }
  assert.equal(nearest('x', []), undefined);
  const many = Array.from({ length: 50 }, (_, i) => `name-${i}`);
  assert.match(suggestion('name-7', many, 'names'), /^ Did you mean "name-7"\? Known names: .*name-39, and 10 more\.$/);
});
