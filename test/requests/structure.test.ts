/** Values, keys and nesting are counted right however a body is cut into pieces. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/random.ts';
import { JsonStructure } from '../../src/requests/structure.ts';

/** Values and keys, and levels, by walking what JSON.parse makes. */
function counted(value: unknown, depth = 1): { count: number; deepest: number } {
  if (typeof value !== 'object' || value === null) return { count: 1, deepest: depth - 1 };
  let count = Array.isArray(value) ? 1 : 1 + Object.keys(value).length;
  let deepest = depth;
  for (const inner of Object.values(value)) {
    const below = counted(inner, depth + 1);
    count += below.count;
    deepest = Math.max(deepest, below.deepest);
  }
  return { count, deepest };
}

const TEXTS = [
  '1',
  '""',
  '[]',
  '{}',
  ' [ 1 , 2.5e-3,\t-0, true,false , null ] ',
  '{"a":{"b":[[],{},"[{,:\\"",{"c\\\\":"\\\\\\""}]},"":"\\u005b"}',
  '[[[[]]],[[1]],"é漢😀\\n"]',
  JSON.stringify({
    model: 'm',
    input_texts: ['"', '\\', '\\"', '{', ']'],
    list: Array.from({ length: 50 }, (_, i) => [i, `${i}`]),
  }),
];

test('the counts are those of the parsed value, wherever the pieces are cut', () => {
  const random = new Random(1);
  for (const text of TEXTS) {
    const bytes = Buffer.from(text);
    const expected = counted(JSON.parse(text));
    for (let round = 0; round < 50; round++) {
      const structure = new JsonStructure();
      for (let at = 0; at < bytes.length; ) {
        const size = 1 + random.integer(round === 0 ? 1 : 20);
        structure.push(bytes.subarray(at, at + size));
        at += size;
      }
      assert.deepEqual({ count: structure.count, deepest: structure.deepest }, expected, text);
    }
  }
});
