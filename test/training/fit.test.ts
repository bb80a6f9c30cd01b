import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { tf } from '../../src/tensors/tf.ts';
import { learningRateAt } from '../../training/adam.ts';
import { makeFacts } from '../../training/facts/data.ts';
import * as facts from '../../training/facts/model.ts';
import { fit } from '../../training/fit.ts';
import { gpt2Logits, initGpt2 } from '../../training/gpt2.ts';
import { crossEntropy, dropout } from '../../training/layers.ts';
import { initM2m100, m2m100Logits } from '../../training/m2m100.ts';
import * as numbers from '../../training/numbers/model.ts';
import { seededRandom } from '../../training/random.ts';
import './support.ts';

/** Makes the names of parameters free again. */
afterEach(() => tf.disposeVariables());

const schedule = { learningRate: 1e-2, weightDecay: 0.01, warmupSteps: 2, report: () => {} };
const countries = makeFacts().slice(0, 5);
const factsTokenizer = facts.trainTokenizer(countries, 400, 1);
const numbersTokenizer = numbers.trainTokenizer(120, 1);

/** A tiny facts model, trained for a few steps: the losses and some weights. */
function trainFacts(seed: number, totalSteps: number) {
  const config = { ...facts.CONFIG, vocab_size: 400, n_embd: 16, n_layer: 1, n_head: 2, n_positions: 16 };
  const random = seededRandom(seed);
  const parameters = initGpt2(config, random);
  const drop = dropout(0.1, random, 1 << 16);
  const encode = facts.encoderOf(factsTokenizer);
  const loss = () => {
    const rows = facts.drawRows(countries, encode, 4, 16, random);
    const inputs = rows.map((row) => row.slice(0, -1));
    return crossEntropy(
      gpt2Logits(config, parameters, inputs, drop),
      rows.flatMap((row) => row.slice(1)),
    );
  };
  const losses = fit(parameters, loss, { ...schedule, totalSteps });
  return { losses, weights: [...parameters['transformer.h.0.mlp.c_fc.weight'].dataSync()] };
}

/** A tiny translation model, the same way. */
function trainNumbers(seed: number, totalSteps: number) {
  const small = { d_model: 16, encoder_layers: 1, decoder_layers: 1, encoder_attention_heads: 2, encoder_ffn_dim: 16 };
  const config = { ...numbers.CONFIG, ...small, vocab_size: 120 };
  const random = seededRandom(seed);
  const parameters = initM2m100(config, random);
  const drop = dropout(0.1, random, 1 << 16);
  const encode = numbers.encoderOf(numbersTokenizer);
  const loss = () => {
    const [batch] = numbers.drawBatches(encode, 1, 4, random);
    const { source, target, wanted } = numbers.padded(batch);
    return crossEntropy(m2m100Logits(config, parameters, source, target, drop), wanted.flat());
  };
  const losses = fit(parameters, loss, { ...schedule, totalSteps });
  return { losses, weights: [...parameters['model.decoder.layers.0.encoder_attn.k_proj.weight'].dataSync()] };
}

for (const [name, train] of [
  ['facts', trainFacts],
  ['numbers', trainNumbers],
] as const) {
  test(`${name}: two steps with the same seed give the same weights, with another seed others`, () => {
    const [first, again, other] = [1, 1, 2].map((seed) => {
      tf.disposeVariables();
      return train(seed, 2);
    });
    assert.deepEqual(again, first);
    assert.notDeepEqual(other.weights, first.weights);
  });

  test(`${name}: the loss starts at chance and falls`, () => {
    const { losses } = train(3, 30);
    const chance = Math.log(name === 'facts' ? 400 : 120);
    assert.ok(Math.abs(losses[0] - chance) < 1, `${losses[0]} nats at the start, ${chance} is chance`);
    const end = losses.slice(-5).reduce((a, b) => a + b) / 5;
    assert.ok(end < losses[0] - 0.8, `${losses[0]} -> ${end}`);
  });
}

test('the learning rate warms up, peaks, and ends at a fiftieth', () => {
  const options = { learningRate: 1, weightDecay: 0, warmupSteps: 10, totalSteps: 110 };
  assert.equal(learningRateAt(0, options), 0.1);
  assert.equal(learningRateAt(10, options), 1);
  assert.ok(Math.abs(learningRateAt(60, options) - 0.51) < 1e-9);
  assert.ok(Math.abs(learningRateAt(110, options) - 0.02) < 1e-9);
});
