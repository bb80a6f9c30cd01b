import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withTimeLimit } from '../../src/tokenizers/time-limit.ts';

test('work that ends in time gives its value and its errors', () => {
  assert.equal(
    withTimeLimit(
      () => 'adding',
      () => 1 + 1,
    ),
    2,
  );
  assert.throws(
    () =>
      withTimeLimit(
        () => 'failing',
        () => {
          throw new RangeError('own error');
        },
      ),
    RangeError,
  );
});

test('a regular expression and a loop are stopped, and work goes on afterwards', () => {
  const works = [
    () => /^(a+)+$/.test(`${'a'.repeat(60)}!`),
    () => {
      for (;;);
    },
  ];
  for (const work of works) {
    const start = performance.now();
    assert.throws(() => withTimeLimit(() => 'the test', work, 0.2), {
      name: 'TokenizerLimitError',
      message: /the test took longer than 0\.2 s/,
    });
    assert.ok(performance.now() - start < 5000);
  }
  assert.ok(
    withTimeLimit(
      () => 'the end',
      () => true,
    ),
  );
});

test('work inside of timed work is under the time of the outer', () => {
  const inner = () =>
    withTimeLimit(
      () => 'inner',
      () => {
        for (;;);
      },
      60,
    );
  assert.throws(() => withTimeLimit(() => 'outer', inner, 0.2), /outer took longer/);
});
