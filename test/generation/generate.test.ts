import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { soloDecoder } from '../../src/generation/decoder-state.ts';
import { generate } from '../../src/generation/generate.ts';
import { type GenerationOptions, GREEDY } from '../../src/generation/options.ts';
import { type LoadedModel, loadModel } from '../../src/models/load.ts';
import { Random } from '../../src/random.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { tf } from '../../src/tensors/tf.ts';
import { BACKENDS } from '../support/backends.ts';
import { modelDir } from '../support/goldens.ts';

const PROMPT = { sourceIds: null, targetIds: Int32Array.of(360, 262, 77) };

for (const backend of BACKENDS) {
  describe(`generate on ${backend}`, () => {
    let loaded: LoadedModel;
    before(async () => {
      await startBackend(backend);
      const rule = { threshold: 6, outliers: 'row' } as const;
      loaded = await loadModel(modelDir('gpt2-tiny'), { quantization: 'int8', rule });
    });
    after(() => loaded.dispose());

    const run = async (changes: Partial<GenerationOptions>, seed = 1, tick = () => {}): Promise<number[]> =>
      Array.from(await generate(soloDecoder(loaded.model), PROMPT, { ...GREEDY, ...changes }, new Random(seed), tick));

    it('samples the same text from the same seed, and others from others', async () => {
      const options = { doSample: true, maxNewTokens: 12 };
      const first = await run(options, 7);
      assert.deepEqual(await run(options, 7), first);
      assert.notDeepEqual(await run(options, 8), first);
      assert.equal(first.length, PROMPT.targetIds.length + 12);
    });

    it('ends with any end-of-sequence token, and not before min_new_tokens', async () => {
      const free = await run({ maxNewTokens: 6 });
      const [, , , first, second] = free;
      assert.deepEqual(await run({ maxNewTokens: 6, eosIds: [999, first] }), free.slice(0, 4));
      if (second !== first) {
        const later = await run({ maxNewTokens: 6, minNewTokens: 3, eosIds: [first] });
        assert.ok(later.length >= PROMPT.targetIds.length + 3);
        assert.notEqual(later[3], first);
      }
    });

    it('obeys forced tokens with beams', async () => {
      const found = await run({ numBeams: 3, maxNewTokens: 4, forcedEosIds: [5] });
      assert.equal(found.at(-1), 5);
      assert.equal(found.length, PROMPT.targetIds.length + 4);
    });

    it('draws beams by their seed, and keeps every rule with beams', async () => {
      const options = { doSample: true, numBeams: 3, maxNewTokens: 10, temperature: 2 };
      const first = await run(options, 7);
      assert.deepEqual(await run(options, 7), first);
      assert.notDeepEqual(await run(options, 8), first);
      for (const doSample of [false, true]) {
        const rules = {
          minNewTokens: 8,
          noRepeatNgramSize: 1,
          repetitionPenalty: 1.3,
          suppressTokens: [3],
          eosIds: [9],
        };
        const ids = await run({ ...options, ...rules, doSample }, 3);
        const added = ids.slice(PROMPT.targetIds.length);
        assert.ok(added.length >= 8, `${added}`);
        assert.ok(!added.slice(0, 8).includes(9) && !added.includes(3), `${added}`);
        assert.equal(new Set(ids).size, ids.length, 'no token twice');
      }
    });

    it('frees its tensors when it is stopped', async () => {
      for (const numBeams of [1, 3]) {
        const tensors = tf.memory().numTensors;
        let ticks = 0;
        const stop = () => {
          if (++ticks === 3) throw new Error('stopped');
        };
        await assert.rejects(run({ numBeams }, 1, stop), /stopped/);
        assert.equal(ticks, 3);
        assert.equal(tf.memory().numTensors, tensors);
      }
    });
  });
}
