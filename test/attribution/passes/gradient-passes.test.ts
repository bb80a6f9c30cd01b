/** A visitor that throws fails its own text: those beside it have added their gradients and are not visited again. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Counters, SharedPasses } from '../../../src/attribution/passes/passes.ts';
import { loadRegistries } from '../../../src/attribution/registries.ts';
import { SequenceScores } from '../../../src/attribution/sequence-scores.ts';
import { NO_CONTRAST } from '../../../src/attribution/solo.ts';
import { DynamicBatcher } from '../../../src/batching/dynamic-batcher.ts';
import { Random } from '../../../src/random.ts';
import { decoderSequence, loadTiny, type TinyModel } from '../tiny-model.ts';

const PROMPT = 'A green garden';

let tiny: TinyModel;
before(async () => {
  tiny = await loadTiny('gpt2-tiny');
});
after(() => tiny.dispose());

test('a visitor that throws fails its text alone', async () => {
  const fn = (await loadRegistries()).stepFunctions.get('probability');
  assert.ok(fn);
  const [shared, batcher] = [new SharedPasses(tiny.model, () => 2 ** 28), new DynamicBatcher()];
  const visits: string[] = [];
  const attribute = (name: string, ending: string) =>
    batcher.join(
      () => {},
      async (client) => {
        const counters: Counters = { forward: 0, backward: 0 };
        const sequence = decoderSequence(tiny.tokenizer, PROMPT, `${PROMPT} ${ending}`);
        const texts = NO_CONTRAST;
        using scores = new SequenceScores({ shared, client, sequence, texts, random: new Random(1), counters });
        const objective = await scores.objective({ fn, args: { logprob: false }, pointer: '' }, true);
        await objective.gradients(scores.passes.clean, { source: false, target: true }, async () => {
          visits.push(name);
          if (name === 'broken') throw new Error('the disk is full');
        });
      },
    );
  const ended = await Promise.allSettled([
    attribute('first', 'sees the old town'),
    attribute('broken', 'sees a small cat'),
    attribute('last', 'sees the doctor'),
  ]);
  assert.deepEqual(
    ended.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.match(String((ended[1] as PromiseRejectedResult).reason), /the disk is full/);
  assert.deepEqual(visits, ['first', 'broken', 'last']);
});
