/** What the passes of a request will come to: refused with the numbers as soon as their speed tells. */

import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { Quote } from '../../../../src/attribution/methods/parts/quote.ts';

describe('a quote', () => {
  const quoteAt = async (seconds: number, done: number, secondsAllowed: number): Promise<number[]> => {
    const reported: number[] = [];
    let now = 1000;
    const clock = mock.method(performance, 'now', () => now);
    try {
      const onProgress = async (completed: number, total: number) => void reported.push(completed, total);
      const quote = new Quote({ onProgress, secondsAllowed }, 976, 400_000);
      now += seconds * 1000;
      await quote.progress(done);
    } finally {
      clock.mock.restore();
    }
    return reported;
  };

  it('refuses what would outlast the job, with passes, positions and seconds', async () => {
    await assert.rejects(quoteAt(6, 1000, 600), {
      code: 'too_large',
      message: /^976 passes over 400000 positions in all need about 2400 seconds, and a job may take 600: /,
      pointer: '#/method_args/units',
    });
  });

  it('lets pass what is in time, and what has only begun', async () => {
    assert.deepEqual(await quoteAt(6, 100_000, 600), [100_000, 400_000]);
    assert.deepEqual(await quoteAt(1, 1, 600), [1, 400_000]);
    assert.deepEqual(await quoteAt(6, 0, Number.POSITIVE_INFINITY), [0, 400_000]);
  });
});
