/**
 * Bodies up to the limit that are made to cost more than they should. Each is answered, with little text, and none holds
 * the event loop: nobody else waits for them. Deep nesting and long lists are refused before they are parsed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../src/contract/limits.ts';
import { startApiProcess } from '../support/api-process.ts';

/** A quiet machine needs 50 ms at most. Others take part of the time of this one, so the best of some tries counts. */
const MOST_MS = Number(process.env.WHENCE_TEST_HOLD_MS ?? 150);
const TRIES = 6;

const MODEL = '"model":"facts-gpt2"';
const TEXT = '"input_texts":"The capital of France is"';
const whole = (fields: string): string => `{${MODEL},${TEXT},${fields}}`;

/** `unit` again and again, up to `bytes`. */
const fill = (unit: string, bytes: number): string => unit.repeat(Math.floor(bytes / unit.length));
/** A list of as many items as fit into `bytes`. */
const list = (item: string, bytes: number): string => `[${fill(`${item},`, bytes - item.length - 2)}${item}]`;
const nested = (open: string, close: string, bytes: number): string => {
  const levels = Math.floor(bytes / (open.length + close.length));
  return open.repeat(levels) + (open === '[' ? '' : '1') + close.repeat(levels);
};
const fields = (count: number, value = '0'): string =>
  Array.from({ length: count }, (_, i) => `"f${i}":${value}`).join();

const MOST = LIMITS.bodyBytes - 200;
/** Just under the limit of values: what is checked in full. */
const VALUES = LIMITS.bodyValues - 20;

const BODIES: [what: string, body: string, status: number][] = [
  ['a valid one', `{${MODEL},${TEXT}}`, 202],
  ['nested lists', `{${MODEL},"input_texts":${nested('[', ']', MOST)}}`, 413],
  ['nested objects', whole(`"method_args":${nested('{"a":', '}', MOST)}`), 413],
  ['nesting at the limit', whole(`"zzz":${nested('[', ']', 2 * (LIMITS.bodyDepth - 1))}`), 422],
  ['nesting over the limit', whole(`"zzz":${nested('[', ']', 2 * LIMITS.bodyDepth)}`), 413],
  ['nesting that is not closed', `{${MODEL},"input_texts":${'['.repeat(MOST)}`, 413],
  ['nesting in a text', `{${MODEL},"input_texts":"${'['.repeat(200)}"}`, 202],
  ['4 MB of numbers', whole(`"step_scores":${list('0', MOST)}`), 413],
  ['4 MB of empty objects', `{${MODEL},"messages":${list('{}', MOST)}}`, 413],
  ['4 MB of fields', whole(fields(250_000)), 413],
  ['step scores: numbers', whole(`"step_scores":[${'0,'.repeat(VALUES - 1)}0]`), 422],
  ['step scores: objects', whole(`"step_scores":[${'{},'.repeat(VALUES - 1)}{}]`), 422],
  ['aggregators: numbers', whole(`"aggregators":[${'0,'.repeat(VALUES - 1)}0]`), 422],
  ['aggregators: names', whole(`"aggregators":[${'"x",'.repeat(VALUES - 1)}"x"]`), 422],
  ['texts: numbers', `{${MODEL},"input_texts":[${'0,'.repeat(VALUES - 1)}0]}`, 422],
  ['texts: as many', `{${MODEL},"input_texts":[${'"x",'.repeat(VALUES - 1)}"x"]}`, 422],
  ['messages: empty objects', `{${MODEL},"messages":[${'{},'.repeat(VALUES - 1)}{}]}`, 422],
  ['messages: lists', `{${MODEL},"messages":[${'[{}],'.repeat(VALUES / 2 - 1)}[{}]]}`, 422],
  ['layers: numbers', whole(`"method_args":{"target_layer":[${'0,'.repeat(VALUES - 1)}0]}`), 422],
  ['layers: names', whole(`"method_args":{"target_layer":[${'"h.0",'.repeat(VALUES - 1)}"h.0"]}`), 422],
  ['unknown fields', whole(fields(VALUES / 2)), 422],
  ['unknown fields of 400 characters', whole(fields(VALUES / 2).replaceAll('"f', `"${'f'.repeat(400)}`)), 422],
  ['unknown generation_args', whole(`"generation_args":{${fields(VALUES / 2 - 5)}}`), 422],
  ['unknown arguments', whole(`"method_args":{${fields(VALUES / 2 - 5)}}`), 422],
  ['one long text', `{${MODEL},"input_texts":"${'x'.repeat(MOST)}"}`, 422],
  ['one long text of escapes', `{${MODEL},"input_texts":"${fill('\\u0061', MOST)}"}`, 422],
  ['one long text of quotes', `{${MODEL},"input_texts":"${fill('\\"', MOST)}"}`, 422],
  ['one long text in three bytes a character', `{${MODEL},"input_texts":"${fill('漢', MOST / 3)}"}`, 422],
  ['a long value of many errors', whole(`"step_scores":{"a":"${'x'.repeat(MOST - 100)}"}`), 422],
  ['one long key', whole(`"${'k'.repeat(MOST - 100)}":1`), 422],
  ['a long model id', `{"model":"${'m'.repeat(MOST)}",${TEXT}}`, 422],
  ['white space', `{${MODEL},${' '.repeat(MOST - 100)}"input_texts":1}`, 422],
  ['no JSON', `{${MODEL}${'"'.repeat(MOST)}`, 413],
  ['no JSON without values', `{${MODEL}${'a'.repeat(MOST)}`, 400],
  ['a number of many digits', whole(`"seed":${'9'.repeat(MOST - 100)}`), 422],
  ['keys that poison', whole(`"a":"${fill('\\"__proto__\\" ', MOST - 100)}"`), 422],
];

test('no body holds the event loop', { timeout: 300_000 }, async (t) => {
  const api = await startApiProcess(t);
  const post = (body: string) =>
    fetch(`${api.url}/attribute`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  for (const [, body] of BODIES.slice(0, 12)) await (await post(body)).text(); // compiled before it is measured
  for (const [what, body, status] of BODIES) {
    await t.test(what, async () => {
      const held: number[] = [];
      do {
        await api.reset();
        const response = await post(body);
        const text = await response.text();
        held.push(await api.longestHold());
        assert.equal(response.status, status, text.slice(0, 500));
        assert.ok(text.length < 32_000, `${text.length} bytes of answer`);
        if (status < 400) continue;
        const problem = JSON.parse(text);
        assert.match(String(response.headers.get('content-type')), /^application\/problem\+json/);
        assert.ok((problem.errors ?? []).length <= 32, 'many errors');
        assert.ok((problem.errors ?? []).every(({ pointer }: { pointer: string }) => pointer.length <= 203));
        if (status === 413) assert.match(problem.detail, /more than (20000 values and keys|64 levels)/);
      } while (Math.min(...held) > MOST_MS && held.length < TRIES);
      t.diagnostic(`${what}: ${Math.min(...held).toFixed(1)} ms`);
      assert.ok(Math.min(...held) <= MOST_MS, `held for ${held.map(Math.round)} ms`);
    });
  }
});
