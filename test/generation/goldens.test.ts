import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { soloDecoder } from '../../src/generation/decoder-state.ts';
import { generate } from '../../src/generation/generate.ts';
import { type GenerationOptions, GREEDY } from '../../src/generation/options.ts';
import { type LoadedModel, loadModel } from '../../src/models/load.ts';
import { Random } from '../../src/random.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { tf } from '../../src/tensors/tf.ts';
import { forwardCases, modelDir } from '../support/goldens.ts';

const MODELS = [
  'gpt2-tiny',
  'gpt2-pad-tiny',
  'gpt2-nounk-tiny',
  'gpt2-f16-tiny',
  'llama-tiny',
  'llama-sharded-tiny',
  'llama-bf16-tiny',
  'gptneox-tiny',
  'qwen2-tiny',
  'qwen3-tiny',
  'opt-tiny',
];

interface Greedy {
  max_new_tokens: number;
  ids: number[];
  repetition_penalty?: number;
  no_repeat_ngram_size?: number;
  min_new_tokens?: number;
}

interface Beam {
  num_beams: number;
  max_new_tokens: number;
  /** The best beams, best first, padded. */
  ids: number[][];
  length_penalty?: number;
  early_stopping?: boolean;
}

interface Case {
  key: string;
  prompt_ids: number[];
  greedy: Greedy;
  beam: Beam;
  greedy_constrained?: Greedy;
  beam_length_penalty?: Beam;
}

const optionsOf = (
  golden: Partial<Omit<Greedy, 'ids'> & Omit<Beam, 'ids'>>,
  loaded: LoadedModel,
): GenerationOptions => ({
  ...GREEDY,
  maxNewTokens: golden.max_new_tokens ?? 0,
  minNewTokens: golden.min_new_tokens ?? 0,
  numBeams: golden.num_beams ?? 1,
  repetitionPenalty: golden.repetition_penalty ?? 1,
  noRepeatNgramSize: golden.no_repeat_ngram_size ?? 0,
  lengthPenalty: golden.length_penalty ?? 1,
  earlyStopping: golden.early_stopping ?? false,
  eosIds: loaded.generation.eosTokenIds,
});

describe('generation of decoder-only models', () => {
  before(() => startBackend('auto'));

  for (const name of MODELS) {
    describe(name, () => {
      let loaded: LoadedModel;
      before(async () => {
        const rule = { threshold: 6, outliers: 'row' } as const;
        loaded = await loadModel(modelDir(name), { quantization: 'none', rule });
      });
      after(() => loaded.dispose());

      const run = async (prompt: number[], golden: Greedy | Beam): Promise<number[]> => {
        const before = tf.memory().numTensors;
        let ticks = 0;
        const ids = await generate(
          soloDecoder(loaded.model),
          { sourceIds: null, targetIds: Int32Array.from(prompt) },
          optionsOf(golden, loaded),
          new Random(1),
          (generated) => {
            assert.equal(generated, ++ticks);
          },
        );
        assert.equal(tf.memory().numTensors, before, 'tensors are left behind');
        return Array.from(ids);
      };

      const cases = forwardCases(name).cases as unknown as Case[];
      for (const golden of cases) {
        it(`searches greedily (${golden.key})`, async () => {
          assert.deepEqual(await run(golden.prompt_ids, golden.greedy), golden.greedy.ids);
        });
        it(`searches with beams (${golden.key})`, async () => {
          const found = await run(golden.prompt_ids, golden.beam);
          assert.deepEqual(found, golden.beam.ids[0].slice(0, found.length));
          assert.equal(new Set(golden.beam.ids[0].slice(found.length)).size <= 1, true, 'only padding follows');
        });
        const { greedy_constrained: constrained, beam_length_penalty: penalized } = golden;
        if (constrained) {
          it(`applies penalties and bans (${golden.key})`, async () => {
            assert.deepEqual(await run(golden.prompt_ids, constrained), constrained.ids);
          });
        }
        if (penalized) {
          it(`stops beams early by length penalty (${golden.key})`, async () => {
            const found = await run(golden.prompt_ids, penalized);
            assert.deepEqual(found, penalized.ids[0].slice(0, found.length));
          });
        }
      }
    });
  }
});
